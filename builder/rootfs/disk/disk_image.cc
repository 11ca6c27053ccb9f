// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/disk_image.h"

#include <algorithm>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/disk/check_image.h"
#include "builder/rootfs/disk/checksum.h"
#include "builder/rootfs/disk/dax_header.h"
#include "builder/rootfs/disk/disk_facts.h"
#include "builder/rootfs/disk/disk_file.h"
#include "builder/rootfs/disk/partition_table.h"
#include "builder/rootfs/disk/qcow2.h"
#include "builder/rootfs/disk/root_file_system.h"
#include "builder/rootfs/disk/verity.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using pipeline::Context;
using recipe::Disk;
using recipe::ImageRecipe;
using recipe::PartitionTable;

constexpr std::uint64_t kPartitionAlign = std::uint64_t{1} << 20;

std::uint64_t root_offset(const Disk& disk) noexcept {
  if (disk.dax) return kDaxRootOffset;
  return disk.table == PartitionTable::none ? 0 : kPartitionAlign;
}

std::uint64_t disk_size(const Disk& disk, const std::vector<Partition>& partitions) noexcept {
  const Partition& last = partitions.back();
  const std::uint64_t end =
      last.offset + last.size + (disk.table == PartitionTable::gpt ? kGptEnd : 0);
  return align_up(end, disk.dax ? std::max(disk.align, kDaxAlign) : disk.align);
}

std::string verity_salt(const Disk& disk, const std::string& content) {
  return bytes_of_digits(disk.verity_salt.empty()
                             ? pipeline::sha256_of_text(content + "\nverity salt\n")
                             : disk.verity_salt);
}

/// A place for the hash tree behind the root.
void reserve_verity(DiskFacts& facts) {
  Partition& root = facts.partitions.front();
  root.is_read_only = true;
  facts.partitions.push_back({.use = PartitionUse::verity,
                              .offset = align_up(root.offset + root.size, kPartitionAlign),
                              .size = verity_blocks(root.size / kVerityBlock) * kVerityBlock,
                              .is_read_only = true});
}

/// The partitions' UUIDs become the halves of the root hash, as the Discoverable Partitions
/// Specification has it.
void fill_verity(const Disk& disk, const std::string& content, unsigned jobs, DiskFile& file,
                 DiskFacts& facts) {
  Partition& root = facts.partitions.front();
  Partition& tree = facts.partitions.back();
  facts.verity = write_verity(file, root.offset, root.size, tree.offset, verity_salt(disk, content),
                              derived_uuid(content, "verity"), jobs);
  root.uuid = uuid_of_digits(facts.verity->root_hash.substr(0, 32));
  tree.uuid = uuid_of_digits(facts.verity->root_hash.substr(32));
}

void write_tables(const Disk& disk, const std::string& content, const DiskFacts& facts,
                  DiskFile& file) {
  const Uuid disk_uuid = derived_uuid(content, "disk");
  const std::uint32_t signature =
      crc32({reinterpret_cast<const char*>(disk_uuid.data()), disk_uuid.size()});
  if (disk.table == PartitionTable::gpt) {
    const GptBytes gpt = gpt_bytes(facts.partitions, facts.size, disk_uuid);
    file.write(0, gpt.begin);
    file.write(facts.size - kGptEnd, gpt.end);
  } else if (disk.table == PartitionTable::mbr) {
    file.write(0, mbr_bytes(facts.partitions, signature));
  }
  if (!disk.dax) return;
  file.write(kDaxHeaderOffset, dax_header_bytes(derived_uuid(content, "dax")));
  std::vector<Partition> inner = facts.partitions;
  for (Partition& partition : inner) partition.offset -= kDaxDataOffset;
  file.write(kDaxDataOffset, mbr_bytes(inner, signature));
}

}  // namespace

std::string disk_inputs(const ImageRecipe& recipe) {
  const Disk& disk = recipe.disk;
  return fmt::format("disk {} {} align {} dax {} verity {} {}\n{}", static_cast<int>(disk.format),
                     static_cast<int>(disk.table), disk.align, disk.dax, disk.verity,
                     disk.verity_salt, root_inputs(recipe));
}

PackedImage pack_disk(const ImageRecipe& recipe, const ImagePlan& plan, const std::string& output,
                      const std::string& work, Context& context) {
  const Disk& disk = recipe.disk;
  PackedImage packed;
  packed.path = join_path(work, "image");
  DiskFile file(packed.path);
  DiskFacts facts;
  Partition root{.use = PartitionUse::root, .offset = root_offset(disk)};
  root.size = write_root(recipe, plan, work, root.offset, file, context);
  root.uuid = derived_uuid(plan.files_sha256, "root");
  facts.partitions.push_back(root);
  if (disk.verity) reserve_verity(facts);
  facts.size = disk_size(disk, facts.partitions);
  file.resize(facts.size);
  if (disk.verity) fill_verity(disk, plan.files_sha256, context.jobs, file, facts);
  write_tables(disk, plan.files_sha256, facts, file);
  if (disk.filesystem == recipe::FileSystem::ext4 || disk.filesystem == recipe::FileSystem::xfs)
    check_image(recipe, plan, packed.path, work, context);
  packed.uncompressed_size = facts.size;
  packed.facts = disk_manifest(recipe, facts);
  packed.drop_in = configuration_drop_in(recipe, facts, output);
  if (disk.format == recipe::DiskFormat::qcow2)
    packed.path = convert_to_qcow2(packed.path, join_path(work, "image.qcow2"), context);
  return packed;
}

}  // namespace kata::rootfs
