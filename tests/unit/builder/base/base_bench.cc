// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/base/base_bench.h"

#include <filesystem>

#include "builder/archive/compress.h"
#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::test {

namespace fs = std::filesystem;

std::string tar_of(const std::vector<std::string>& members) {
  std::string tar;
  for (const std::string& member : members) tar += member;
  return tar + std::string(1024, '\0');
}

BaseBench::BaseBench() { make_directories(path("work")); }

std::string BaseBench::error() {
  try {
    (void)read();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

std::optional<std::string> BaseBench::text(const rootfs::Base& base, const std::string& path) {
  const rootfs::Node* node = base.tree.find(path);
  if (node == nullptr || !node->content) return std::nullopt;
  std::string bytes;
  rootfs::read_content(*node->content, path, [&](std::string_view part) { bytes += part; });
  return bytes;
}

Layout::Layout(std::string folder) : folder_(std::move(folder)) {
  make_directories(folder_ + "/blobs/sha256");
  write_file(folder_ + "/oci-layout", R"({"imageLayoutVersion": "1.0.0"})");
}

Json Layout::add_blob(const std::string& bytes, const std::string& media_type) const {
  const std::string digest = pipeline::sha256_of_text(bytes);
  write_file(folder_ + "/blobs/sha256/" + digest, bytes);
  return Json{{"mediaType", media_type}, {"digest", "sha256:" + digest}, {"size", bytes.size()}};
}

void Layout::add_layer(const std::string& tar, recipe::CompressionType type) {
  const std::string from = folder_ + "/layer.tmp";
  write_file(from, tar);
  std::string suffix;
  if (type != recipe::CompressionType::none) {
    suffix = std::string("+") + recipe::compression_name(type);
    archive::compress_file(from, from + "2", {.type = type, .level = 1});
    fs::rename(from + "2", from);
  }
  layers.push_back(add_blob(read_file(from), "application/vnd.oci.image.layer.v1.tar" + suffix));
  diff_ids.push_back("sha256:" + pipeline::sha256_of_text(tar));
  fs::remove(from);
}

Json Layout::add_manifest(const std::string& architecture) {
  const Json config{{"os", "linux"},
                    {"architecture", architecture},
                    {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
  const Json manifest{
      {"schemaVersion", 2},
      {"config", add_blob(config.dump(), "application/vnd.oci.image.config.v1+json")},
      {"layers", layers}};
  return add_blob(manifest.dump(), "application/vnd.oci.image.manifest.v1+json");
}

void Layout::write_index(const std::vector<Json>& manifests) const {
  write_file(folder_ + "/index.json", Json{{"schemaVersion", 2}, {"manifests", manifests}}.dump());
}

std::string Layout::blob(const std::string& digest) const {
  return folder_ + "/blobs/sha256/" + digest.substr(7);
}

void Layout::pack(const std::string& to) const {
  std::vector<std::string> members;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const std::string name = entry.path().lexically_relative(folder_).string();
    if (entry.is_regular_file())
      members.push_back(tar_member(name, '0', read_file(entry.path().string())));
  }
  write_file(to, tar_of(members));
}

void write_layout(const std::string& folder, const std::vector<std::string>& tars) {
  Layout layout(folder);
  for (const std::string& tar : tars) layout.add_layer(tar);
  layout.write_index({layout.add_manifest()});
}

}  // namespace kata::test
