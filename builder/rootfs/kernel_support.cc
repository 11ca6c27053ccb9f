// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/kernel_support.h"

#include <string_view>
#include <vector>

#include "builder/rootfs/disk/root_file_system.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

std::string read_config(const std::string& path) {
  std::string text =
      in_context([&] { return read_file(path, 4U << 20); }, "read the kernel's configuration");
  if (text.empty() || text.front() != '{') return text;
  const Json manifest = parse_json(text, path);
  const Json::json_pointer pointer("/files/config/name");
  if (!manifest.contains(pointer) || !manifest.at(pointer).is_string()) {
    throw_error(Code::invalid_argument,
                "{}: this is no kernel manifest: it has no files.config.name", path);
  }
  const std::string name = manifest.at(pointer).get<std::string>();
  return in_context(
      [&] { return read_file(join_path(parent_path(path), base_name(name)), 4U << 20); },
      "read the kernel's configuration");
}

/// The first of the symbols that is not built in; empty: all are.
std::string first_missing(const std::string& kernel_config,
                          const std::vector<std::string>& symbols) {
  const std::string text = "\n" + read_config(kernel_config);
  for (const std::string& symbol : symbols) {
    if (text.find("\nCONFIG_" + symbol + "=y\n") == std::string::npos) return "CONFIG_" + symbol;
  }
  return {};
}

std::string upper_case(const char* name) {
  std::string text;
  for (const char* c = name; *c != '\0'; ++c)
    text += *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
  return text;
}

std::vector<std::string> file_system_symbols(const recipe::ImageRecipe& recipe) {
  switch (recipe.disk.filesystem) {
    case recipe::FileSystem::ext4:
      return {"EXT4_FS"};
    case recipe::FileSystem::xfs:
      return {"XFS_FS"};
    case recipe::FileSystem::erofs:
      if (erofs_is_compressed(recipe)) return {"EROFS_FS", "EROFS_FS_ZIP"};
      return {"EROFS_FS"};
    case recipe::FileSystem::squashfs:
      break;
  }
  std::vector<std::string> symbols{"SQUASHFS"};
  const recipe::CompressionType type = squashfs_compression(recipe).type;
  if (type == recipe::CompressionType::gzip)
    symbols.emplace_back("SQUASHFS_ZLIB");
  else if (type != recipe::CompressionType::none)
    symbols.push_back("SQUASHFS_" + upper_case(recipe::compression_name(type)));
  return symbols;
}

}  // namespace

void check_kernel_unpacks(const std::string& kernel_config, recipe::CompressionType type) {
  if (kernel_config.empty()) return;
  const std::string text = "\n" + read_config(kernel_config);
  std::string symbol = "CONFIG_BLK_DEV_INITRD";
  if (type != recipe::CompressionType::none) {
    symbol = "CONFIG_RD_";
    for (const char* c = recipe::compression_name(type); *c != '\0'; ++c) {
      symbol += *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
    }
  }
  for (const std::string& needed : {std::string("CONFIG_BLK_DEV_INITRD"), symbol}) {
    if (text.find("\n" + needed + "=y\n") != std::string::npos) continue;
    throw_error(Code::invalid_argument,
                "compress the image by {}: the kernel of {} cannot unpack it: {} is not set: add "
                "it to a fragment, or choose "
                "another compression in the recipe",
                recipe::compression_name(type), kernel_config, needed);
  }
}

void check_kernel_mounts(const recipe::ImageRecipe& recipe) {
  if (recipe.kernel_config.empty()) return;
  const recipe::Disk& disk = recipe.disk;
  std::vector<std::string> needed = file_system_symbols(recipe);
  needed.emplace_back("VIRTIO_BLK");
  if (disk.table == recipe::PartitionTable::gpt) needed.emplace_back("EFI_PARTITION");
  if (disk.table == recipe::PartitionTable::mbr) needed.emplace_back("MSDOS_PARTITION");
  if (disk.verity) {
    needed.emplace_back("DM_VERITY");
    needed.emplace_back("DM_INIT");
  }
  if (disk.dax) {
    needed.emplace_back("BLK_DEV_PMEM");
    needed.emplace_back("FS_DAX");
  }
  const std::string missing = first_missing(recipe.kernel_config, needed);
  if (missing.empty()) return;
  throw_error(Code::invalid_argument,
              "build a disk image with {}: the kernel of {} cannot have it as its root: {} is not "
              "set: add it to a fragment, or choose something else under disk in the recipe",
              recipe::file_system_name(disk.filesystem), recipe.kernel_config, missing);
}

void check_kernel_loads(const recipe::ImageRecipe& recipe) {
  if (recipe.kernel_config.empty() || recipe.kernel_modules.empty()) return;
  if (!first_missing(recipe.kernel_config, {"MODULES"}).empty())
    throw_error(Code::invalid_argument,
                "kernel_modules {}: the kernel of {} loads none: CONFIG_MODULES is not set: add it "
                "to a fragment, or name the kernel that the modules are of",
                recipe.kernel_modules, recipe.kernel_config);
  const std::string text = read_file(recipe.kernel_config, 4U << 20);
  if (!text.starts_with('{')) return;  // a .config does not tell the version
  const std::string version = parse_json(text, recipe.kernel_config).value("version", "");
  if (version.empty() || version == base_name(recipe.kernel_modules)) return;
  throw_error(Code::invalid_argument,
              "kernel_modules {}: the kernel of {} is {} and looks for lib/modules/{}: name that "
              "folder, or the kernel that the modules are of",
              recipe.kernel_modules, recipe.kernel_config, version, version);
}

std::string missing_appliance_driver(const recipe::ImageRecipe& recipe) {
  std::vector<std::string> needed = file_system_symbols(recipe);
  for (const char* symbol :
       {"VIRTIO_PCI", "SCSI_VIRTIO", "BLK_DEV_SD", "VIRTIO_CONSOLE", "EXT4_FS", "DEVTMPFS", "TMPFS",
        "PROC_FS", "SYSFS", "BINFMT_ELF", "BINFMT_SCRIPT", "EFI_PARTITION", "MSDOS_PARTITION"})
    needed.emplace_back(symbol);
  return first_missing(recipe.kernel_config, needed);
}

}  // namespace kata::rootfs
