// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/builder/base/base_bench.h"

#include <filesystem>

#include "builder/archive/compress.h"
#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"

namespace kata::test {

namespace fs = std::filesystem;

std::string tar_member(const std::string& name, char type, const std::string& content,
                       const std::string& link, const std::string& mode) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, mode);
  put(108, "0000001");
  put(116, "0000002");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, std::string("ustar\0", 6) + "00");
  put(329, "0000005");
  put(337, "0000001");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512);
  return header + padded;
}

std::string tar_of(const std::vector<std::string>& members) {
  std::string tar;
  for (const std::string& member : members) tar += member;
  return tar + std::string(1024, '\0');
}

BaseBench::BaseBench()
    : board_(
          pipeline::ProgressMode::plain, [this](std::string_view line) { messages += line; },
          pipeline::ProgressBoard::Clock::now, 80),
      context{.cache = cache_,
              .runner = runner_,
              .progress = progress_,
              .source_date_epoch = std::nullopt,
              .jobs = 1,
              .keep_build = false} {
  make_directories(path("work"));
  recipe.file = "r.yaml";
  recipe.name = "test";
}

std::string BaseBench::file(const std::string& name, const std::string& content) const {
  write_file(path(name), content);
  return path(name);
}

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
