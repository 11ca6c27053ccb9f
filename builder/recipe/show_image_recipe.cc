// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "builder/recipe/show_recipe.h"

namespace kata::recipe {
namespace {

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
  if (!file.xattrs.empty()) json["xattrs"] = file.xattrs;
  if (!file.capabilities.empty()) json["capabilities"] = file.capabilities;
  if (file.mode) json["mode"] = fmt::format("{:04o}", *file.mode);
  return json;
}

Json attributes_json(const ImageAttributes& attributes) {
  Json json{{"path", attributes.path}};
  if (attributes.owner)
    json["owner"] = fmt::format("{}:{}", attributes.owner->first, attributes.owner->second);
  if (attributes.mode) json["mode"] = fmt::format("{:04o}", *attributes.mode);
  if (!attributes.xattrs.empty()) json["xattrs"] = attributes.xattrs;
  if (!attributes.capabilities.empty()) json["capabilities"] = attributes.capabilities;
  return json;
}

Json repository_json(const RpmRepository& repository) {
  Json json{{"id", repository.id},
            {"gpg_keys", repository.gpg_keys},
            {"gpg_check", repository.gpg_check},
            {"repo_gpg_check", repository.repo_gpg_check}};
  if (!repository.baseurl.empty()) json["baseurl"] = repository.baseurl;
  if (!repository.mirrorlist.empty()) json["mirrorlist"] = repository.mirrorlist;
  if (!repository.metalink.empty()) json["metalink"] = repository.metalink;
  return json;
}

Json base_json(const ImageBase& base) {
  switch (base.kind) {
    case BaseKind::scratch:
      return "scratch";
    case BaseKind::directory:
    case BaseKind::tar:
      return Json{{base_name_of(base.kind), base.path}};
    case BaseKind::rpm: {
      Json repositories = Json::array();
      for (const RpmRepository& repository : base.rpm.repositories)
        repositories.push_back(repository_json(repository));
      return Json{{"rpm",
                   {{"release", base.rpm.release},
                    {"repositories", repositories},
                    {"packages", base.rpm.packages},
                    {"exclude", base.rpm.exclude},
                    {"weak_dependencies", base.rpm.weak_dependencies}}}};
    }
    case BaseKind::debian: {
      Json debian{{"suite", base.debian.suite},
                  {"mirrors", base.debian.mirrors},
                  {"variant", base.debian.variant},
                  {"components", base.debian.components},
                  {"packages", base.debian.packages}};
      if (!base.debian.keyring.empty()) debian["keyring"] = base.debian.keyring;
      return Json{{"debian", debian}};
    }
    case BaseKind::oci:
      break;
  }
  Json oci{{"path", base.oci.path}, {"platform", base.oci.platform}};
  if (!base.oci.reference.empty()) oci["reference"] = base.oci.reference;
  return Json{{"oci", oci}};
}

Json accounts_json(const ImageRecipe& recipe, Json json) {
  json["groups"] = Json::array();
  for (const ImageGroup& group : recipe.groups)
    json["groups"].push_back(
        {{"name", group.name}, {"gid", group.gid}, {"members", group.members}});
  json["users"] = Json::array();
  for (const ImageUser& user : recipe.users) {
    Json entry{{"name", user.name}, {"uid", user.uid}, {"gid", user.gid}};
    if (user.home) entry["home"] = *user.home;
    if (user.shell) entry["shell"] = *user.shell;
    if (user.comment) entry["comment"] = *user.comment;
    json["users"].push_back(std::move(entry));
  }
  return json;
}

Json minimize_json(const Minimize& minimize) {
  Json json{{"exclude", minimize.exclude},
            {"keep", minimize.keep},
            {"documentation", minimize.documentation},
            {"package_databases", minimize.package_databases},
            {"programs", minimize.programs},
            {"libraries", minimize.libraries}};
  if (minimize.locales) json["locales"] = *minimize.locales;
  return json;
}

const char* table_name(PartitionTable table) noexcept {
  switch (table) {
    case PartitionTable::gpt:
      return "gpt";
    case PartitionTable::mbr:
      return "mbr";
    case PartitionTable::none:
      break;
  }
  return "none";
}

Json disk_json(const Disk& disk) {
  Json json{{"format", disk.format == DiskFormat::qcow2 ? "qcow2" : "raw"},
            {"partition_table", table_name(disk.table)},
            {"filesystem", file_system_name(disk.filesystem)},
            {"align", disk.align},
            {"dax", disk.dax},
            {"verity", disk.verity}};
  if (disk.free_bytes > 0)
    json["free"] = disk.free_bytes;
  else
    json["free"] = fmt::format("{}%", disk.free_percent);
  if (!disk.verity_salt.empty()) json["verity_salt"] = disk.verity_salt;
  return json;
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

const char* file_system_name(FileSystem type) noexcept {
  switch (type) {
    case FileSystem::xfs:
      return "xfs";
    case FileSystem::erofs:
      return "erofs";
    case FileSystem::squashfs:
      return "squashfs";
    case FileSystem::ext4:
      break;
  }
  return "ext4";
}

const char* base_name_of(BaseKind kind) noexcept {
  switch (kind) {
    case BaseKind::directory:
      return "directory";
    case BaseKind::tar:
      return "tar";
    case BaseKind::rpm:
      return "rpm";
    case BaseKind::debian:
      return "debian";
    case BaseKind::oci:
      return "oci";
    case BaseKind::scratch:
      break;
  }
  return "scratch";
}

Json to_json(const ImageRecipe& recipe) {
  Json files = Json::array();
  for (const ImageFile& file : recipe.files) files.push_back(file_json(file));
  const bool is_disk = recipe.format == ImageFormat::disk;
  Json json{
      {"name", recipe.name},
      {"format", is_disk ? "image" : "initrd"},
      {"base", base_json(recipe.base)},
      {"limits", {{"size", recipe.limits.size}, {"entries", recipe.limits.entries}}},
      {"overlay", recipe.overlays},
      {"files", files},
      {"run", recipe.run},
      {"agent",
       {{"path", recipe.agent.path},
        {"as", recipe.agent.as_service ? "service" : "/init"},
        {"strip", recipe.agent.strip}}},
      {"minimize", minimize_json(recipe.minimize)},
      {"compression",
       {{"type", compression_name(recipe.compression.type)}, {"level", recipe.compression.level}}},
      {"kernel_config", recipe.kernel_config},
      {"timestamp", recipe.timestamp}};
  if (!recipe.attributes.empty()) {
    json["attributes"] = Json::array();
    for (const ImageAttributes& attributes : recipe.attributes)
      json["attributes"].push_back(attributes_json(attributes));
  }
  if (!recipe.kernel_modules.empty()) json["kernel_modules"] = recipe.kernel_modules;
  if (!recipe.guest_hooks.empty()) json["guest_hooks"] = recipe.guest_hooks;
  if (is_disk) json["disk"] = disk_json(recipe.disk);
  return accounts_json(recipe, std::move(json));
}

}  // namespace kata::recipe
