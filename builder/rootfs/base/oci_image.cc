// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/oci_image.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

constexpr int kDeepestIndex = 4;
constexpr std::size_t kMostNames = 8;  // in a message

/// What a descriptor says, see the OCI image specification, descriptor.md.
struct Descriptor {
  std::string digest;
  std::uint64_t size = 0;
  std::string media_type;
  std::vector<std::string> names;  ///< by which people know it
  std::string platform;            ///< "linux/amd64"; empty: not said
  bool is_attestation = false;     ///< a signature or an SBOM beside the image
};

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string platform_of(const Json& object) {
  std::string platform = text_at(object, "os") + "/" + text_at(object, "architecture");
  if (const std::string variant = text_at(object, "variant"); !variant.empty())
    platform += "/" + variant;
  return platform;
}

/// "linux/arm64" is also what calls itself linux/arm64/v8.
bool fits_platform(const std::string& platform, const std::string& wanted) {
  return platform == wanted || platform.starts_with(wanted + "/");
}

/// The path of a blob; nothing in it but what the digest's form allows.
std::string blob_path(const std::string& digest, const std::string& where) {
  const bool is_sha256 = digest.starts_with("sha256:") && digest.size() == 71 &&
                         digest.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
  if (!is_sha256) {
    throw_error(Code::invalid_argument, "{}: \"{}\" is no SHA-256 digest, as images have them",
                where, digest);
  }
  return "blobs/sha256/" + digest.substr(7);
}

Descriptor descriptor_of(const Json& json) {
  Descriptor descriptor;
  descriptor.digest = json.at("digest").get<std::string>();
  descriptor.size = json.at("size").get<std::uint64_t>();
  descriptor.media_type = text_at(json, "mediaType");
  if (const auto platform = json.find("platform"); platform != json.end())
    descriptor.platform = platform_of(*platform);
  if (const auto notes = json.find("annotations"); notes != json.end()) {
    for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
      if (std::string name = text_at(*notes, key); !name.empty())
        descriptor.names.push_back(std::move(name));
    }
    descriptor.is_attestation = notes->contains("vnd.docker.reference.type");
  }
  return descriptor;
}

class Search {
 public:
  Search(const LayoutFiles& files, const recipe::OciBase& wanted)
      : files_(files), wanted_(wanted) {}

  OciImage layout() {
    collect(parse("index.json", files_.read("index.json")), {}, 0);
    return image_of(chosen());
  }

  /// The form of `docker save` before version 25: manifest.json names files.
  OciImage docker_archive() {
    const Json list = parse("manifest.json", files_.read("manifest.json"));
    std::vector<std::pair<std::vector<std::string>, Json>> images;
    for (const Json& item : list) {
      std::vector<std::string> names;
      if (const auto tags = item.find("RepoTags"); tags != item.end() && tags->is_array()) {
        for (const Json& tag : *tags) names.push_back(tag.get<std::string>());
      }
      known_.insert(known_.end(), names.begin(), names.end());
      if (is_wanted(names)) images.emplace_back(std::move(names), item);
    }
    if (images.size() != 1) fail_choice(images.size());
    const Json& item = images.front().second;
    const std::string config_name = item.at("Config").get<std::string>();
    const std::string config = files_.read(config_name);
    OciImage image;
    image.digest = "sha256:" + pipeline::sha256_of_text(config);
    if (config_name.find(image.digest.substr(7)) == std::string::npos)
      fail("{} has the digest {}: it was changed, or the archive is damaged", config_name,
           image.digest);
    std::vector<std::string> layers;
    for (const Json& layer : item.at("Layers")) layers.push_back(layer.get<std::string>());
    const std::vector<std::string> ids = diff_ids(parse(config_name, config), layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::optional<StoredFile> file = files_.find(layers[i]);
      if (!file) fail("it has no layer {}", layers[i]);
      image.layers.push_back({.file = *file, .digest = {}, .diff_id = ids[i]});
    }
    return image;
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw_error(Code::invalid_argument, "image {}: {}", files_.path(),
                fmt::format(format, std::forward<Args>(args)...));
  }

  Json parse(const std::string& name, const std::string& text) const {
    return parse_json(text, files_.path() + ": " + name);
  }

  /// Docker Hub's part of a name may be left out, as on Docker's command line.
  bool is_wanted(const std::vector<std::string>& names) const {
    if (wanted_.reference.empty()) return true;
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name == wanted_.reference || name == "docker.io/" + wanted_.reference ||
             name == "docker.io/library/" + wanted_.reference;
    });
  }

  std::string read_blob(const Descriptor& descriptor) const {
    const std::string path = blob_path(descriptor.digest, files_.path());
    const std::string text = files_.read(path);
    const std::string found = "sha256:" + pipeline::sha256_of_text(text);
    if (text.size() != descriptor.size || found != descriptor.digest) {
      fail(
          "{} has {} bytes and the digest {}, not the {} bytes that are named: it was changed, or "
          "the copy is damaged",
          path, text.size(), found, descriptor.size);
    }
    return text;
  }

  void collect(const Json& index, const std::vector<std::string>& names, int depth) {
    if (depth > kDeepestIndex) fail("its indexes are nested too deep");
    if (!index.contains("manifests")) fail("its index names no manifests");
    for (const Json& item : index.at("manifests")) {
      Descriptor found = descriptor_of(item);
      if (found.is_attestation || found.platform == "unknown/unknown") continue;
      if (found.names.empty()) found.names = names;
      known_.insert(known_.end(), found.names.begin(), found.names.end());
      if (depth == 0 && !is_wanted(found.names)) continue;
      const Json blob = parse(found.digest, read_blob(found));
      if (blob.contains("manifests")) {
        collect(blob, found.names, depth + 1);
        continue;
      }
      if (found.platform.empty()) found.platform = platform_of(config_of(blob));
      platforms_.push_back(found.platform);
      if (fits_platform(found.platform, wanted_.platform)) candidates_.push_back(std::move(found));
    }
  }

  Json config_of(const Json& manifest) const {
    const Descriptor config = descriptor_of(manifest.at("config"));
    return parse(config.digest, read_blob(config));
  }

  const Descriptor& chosen() {
    // one image under two names is one
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Descriptor& a, const Descriptor& b) { return a.digest < b.digest; });
    const auto last =
        std::unique(candidates_.begin(), candidates_.end(),
                    [](const Descriptor& a, const Descriptor& b) { return a.digest == b.digest; });
    candidates_.erase(last, candidates_.end());
    if (candidates_.size() != 1) fail_choice(candidates_.size());
    return candidates_.front();
  }

  static std::string listed(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
      text += (text.empty() ? "" : ", ") + names[i];
    if (names.size() > kMostNames) text += ", ...";
    return text.empty() ? "nothing with a name" : text;
  }

  [[noreturn]] void fail_choice(std::size_t count) const {
    if (count > 1)
      fail("it holds {} images that fit: choose one with base.oci.reference: {}", count,
           listed(known_));
    if (!platforms_.empty())
      fail("it holds nothing for {}, only for {}", wanted_.platform, listed(platforms_));
    fail("it holds no image {}, but {}", wanted_.reference, listed(known_));
  }

  std::vector<std::string> diff_ids(const Json& config, std::size_t layers) const {
    std::vector<std::string> ids;
    for (const Json& id : config.at("rootfs").at("diff_ids")) ids.push_back(id.get<std::string>());
    if (ids.size() != layers)
      fail("its configuration knows {} layers, its manifest {}", ids.size(), layers);
    for (const std::string& id : ids) (void)blob_path(id, files_.path());
    return ids;
  }

  OciImage image_of(const Descriptor& manifest_descriptor) const {
    const Json manifest = parse(manifest_descriptor.digest, read_blob(manifest_descriptor));
    const Json& layers = manifest.at("layers");
    const std::vector<std::string> ids = diff_ids(config_of(manifest), layers.size());
    OciImage image;
    image.digest = manifest_descriptor.digest;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Descriptor layer = descriptor_of(layers[i]);
      if (layer.media_type.ends_with("+encrypted"))
        fail("layer {} is encrypted: decrypt the image first", layer.digest);
      const std::string path = blob_path(layer.digest, files_.path());
      const std::optional<StoredFile> file = files_.find(path);
      if (!file) fail("it has no {}: the copy is not complete", path);
      if (file->size != layer.size)
        fail("{} has {} bytes, not the {} that are named: it is truncated or was changed", path,
             file->size, layer.size);
      image.layers.push_back({.file = *file, .digest = layer.digest, .diff_id = ids[i]});
    }
    return image;
  }

  const LayoutFiles& files_;
  const recipe::OciBase& wanted_;
  std::vector<Descriptor> candidates_;
  std::vector<std::string> known_;
  std::vector<std::string> platforms_;
};

}  // namespace

OciImage find_oci_image(const LayoutFiles& files, const recipe::OciBase& wanted) {
  try {
    if (files.find("index.json")) return Search(files, wanted).layout();
    if (files.find("manifest.json")) return Search(files, wanted).docker_archive();
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "image {}: {}", files.path(), error.what());
  }
  throw_error(
      Code::invalid_argument,
      "image {}: there is neither index.json (an OCI image layout) nor manifest.json (docker "
      "save) in it: use base.tar for the tar of a root file system",
      files.path());
}

}  // namespace kata::rootfs
