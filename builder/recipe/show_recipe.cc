// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/show_recipe.h"

#include <fmt/core.h>

namespace kata::recipe {
namespace {

Json source_json(const KernelSource& source) {
  if (source.kind == SourceKind::package) {
    Json json{{"package", source.package}};
    if (!source.sha256.empty()) json["sha256"] = source.sha256;
    return json;
  }
  Json archive = Json::object();
  if (!source.path.empty()) archive["path"] = source.path;
  if (!source.url.empty()) archive["url"] = source.url;
  if (!source.sha256.empty()) archive["sha256"] = source.sha256;
  if (!source.patches.empty()) archive["patches"] = source.patches;
  return Json{{source.kind == SourceKind::srpm ? "srpm" : "tarball", archive}};
}

Json file_json(const ImageFile& file) {
  Json json{{"path", file.path}};
  switch (file.kind) {
    case FileKind::source:
      json["source"] = file.source;
      break;
    case FileKind::content:
      json["content"] = file.content;
      break;
    case FileKind::symlink:
      json["symlink"] = file.target;
      break;
    case FileKind::directory:
      json["directory"] = true;
      break;
    case FileKind::device:
      json["device"] = fmt::format("{} {}:{}", file.block_device ? 'b' : 'c', file.device_major,
                                   file.device_minor);
      break;
  }
  json["owner"] = fmt::format("{}:{}", file.uid, file.gid);
  if (file.mode) json["mode"] = fmt::format("{:04o}", *file.mode);
  return json;
}

Json base_json(const ImageRecipe& recipe) {
  if (recipe.base == BaseKind::scratch) return "scratch";
  return Json{{recipe.base == BaseKind::directory ? "directory" : "tar", recipe.base_path}};
}

}  // namespace

const char* compression_name(CompressionType type) noexcept {
  switch (type) {
    case CompressionType::none:
      return "none";
    case CompressionType::gzip:
      return "gzip";
    case CompressionType::xz:
      return "xz";
    case CompressionType::lz4:
      return "lz4";
    case CompressionType::zstd:
      break;
  }
  return "zstd";
}

Json to_json(const KernelRecipe& recipe) {
  return Json{{"name", recipe.name},
              {"source", source_json(recipe.source)},
              {"arch", recipe.arch},
              {"compiler", recipe.compiler},
              {"localversion", recipe.localversion},
              {"fragments", recipe.fragments},
              {"patches", recipe.patches},
              {"timestamp", recipe.timestamp},
              {"strip", recipe.strip},
              {"require_pvh", recipe.require_pvh},
              {"expected_steps", recipe.expected_steps}};
}

Json to_json(const ImageRecipe& recipe) {
  Json files = Json::array();
  for (const ImageFile& file : recipe.files) files.push_back(file_json(file));
  return Json{
      {"name", recipe.name},
      {"format", "initrd"},
      {"base", base_json(recipe)},
      {"agent",
       {{"path", recipe.agent.path},
        {"as", recipe.agent.as_service ? "service" : "/init"},
        {"strip", recipe.agent.strip}}},
      {"files", files},
      {"compression",
       {{"type", compression_name(recipe.compression.type)}, {"level", recipe.compression.level}}},
      {"kernel_config", recipe.kernel_config},
      {"timestamp", recipe.timestamp}};
}

}  // namespace kata::recipe
