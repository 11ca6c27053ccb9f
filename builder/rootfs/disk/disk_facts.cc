// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/disk_facts.h"

#include <fmt/core.h>

#include "builder/rootfs/drop_in.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using recipe::ImageRecipe;
using recipe::PartitionTable;

const char* table_name(PartitionTable table) noexcept {
  if (table == PartitionTable::none) return "none";
  return table == PartitionTable::gpt ? "gpt" : "mbr";
}

/// What a kernel that finds the image as its first virtio disk must be told.
std::string kernel_parameters(const ImageRecipe& recipe, const DiskFacts& facts) {
  const bool is_partitioned = recipe.disk.table != PartitionTable::none;
  const std::string disk = is_partitioned ? "/dev/vda1" : "/dev/vda";
  std::string text = fmt::format("root={} rootfstype={} ro", facts.verity ? "/dev/dm-0" : disk,
                                 recipe::file_system_name(recipe.disk.filesystem));
  if (facts.verity) {
    const Verity& verity = *facts.verity;
    text += fmt::format(
        " dm-mod.create=\"root,,,ro,0 {} verity 1 {} /dev/vda2 {} {} {} 1 sha256 {} {} 1 "
        "panic_on_corruption\"",
        verity.data_blocks * (kVerityBlock / kSector), disk, kVerityBlock, kVerityBlock,
        verity.data_blocks, verity.root_hash, verity.salt.empty() ? "-" : verity.salt);
  }
  return text;
}

}  // namespace

Json disk_manifest(const ImageRecipe& recipe, const DiskFacts& facts) {
  Json json = Json::object();
  json["disk_format"] = recipe.disk.format == recipe::DiskFormat::qcow2 ? "qcow2" : "raw";
  json["disk_size"] = facts.size;
  json["partition_table"] = table_name(recipe.disk.table);
  json["rootfs_type"] = recipe::file_system_name(recipe.disk.filesystem);
  json["partitions"] = Json::array();
  for (const Partition& partition : facts.partitions) {
    Json entry{{"use", partition.use == PartitionUse::root ? "root" : "verity"},
               {"offset", partition.offset},
               {"size", partition.size}};
    if (recipe.disk.table == PartitionTable::gpt) entry["uuid"] = uuid_text(partition.uuid);
    json["partitions"].push_back(std::move(entry));
  }
  json["dax"] = recipe.disk.dax;
  if (facts.verity) {
    json["verity"] = {{"algorithm", "sha256"},           {"root_hash", facts.verity->root_hash},
                      {"salt", facts.verity->salt},      {"data_blocks", facts.verity->data_blocks},
                      {"data_block_size", kVerityBlock}, {"hash_block_size", kVerityBlock}};
  }
  json["kernel_params"] = kernel_parameters(recipe, facts);
  return json;
}

std::string configuration_drop_in(const ImageRecipe& recipe, const DiskFacts& facts,
                                  const std::string& image) {
  std::string text = begin_drop_in(recipe, image);
  text += fmt::format("rootfs_type = \"{}\"\n", recipe::file_system_name(recipe.disk.filesystem));
  if (facts.verity)
    text += fmt::format("kernel_verity_params = \"{}\"\n", verity_parameters(*facts.verity));
  return text;
}

}  // namespace kata::rootfs
