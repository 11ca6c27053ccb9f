// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/sandbox/tree_exchange.h"

#include <unistd.h>

#include <filesystem>
#include <optional>

#include "builder/archive/archive_reader.h"
#include "builder/rootfs/base/unpacker.h"
#include "builder/rootfs/disk/tree_tar.h"
#include "builder/rootfs/sandbox/sandbox.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

constexpr const char* kIn = "in.tar";
constexpr const char* kOut = "out.tar";

}  // namespace

SandboxBind work_bind(const std::string& work) {
  return {.from = work, .to = kSandboxWork, .writable = true};
}

void put_tree(const Tree& tree, const std::string& work) {
  Tree files;
  for (const auto& [path, node] : tree.nodes()) {
    const EntryKind kind = node.entry.kind;
    if (kind != EntryKind::character_device && kind != EntryKind::block_device) files.put(node);
  }
  const std::string tar = join_path(work, kIn);
  write_tree_tar(files, 0, tar);
  std::filesystem::permissions(tar, std::filesystem::perms(0644));
}

SandboxStep unpack_step(std::int64_t timestamp) {
  return {.argv = {"tar", "--extract", "--file", join_path(kSandboxWork, kIn), "--directory",
                   kSandboxTree, "--numeric-owner", "--same-owner", "--preserve-permissions",
                   "--xattrs", "--xattrs-include=*", "--delay-directory-restore"},
          .env = sandbox_environment(timestamp)};
}

SandboxStep pack_step(std::int64_t timestamp) {
  return {.argv = {"tar", "--create", "--file", join_path(kSandboxWork, kOut), "--directory",
                   kSandboxTree, "--numeric-owner", "--format=posix", "--xattrs",
                   "--xattrs-include=*", "."},
          .env = sandbox_environment(timestamp)};
}

void take_tree(const std::string& work, const recipe::ImageLimits& limits,
               const std::string& origin, Spool& spool, Tree& tree) {
  const std::string tar = join_path(work, kOut);
  archive::ArchiveReader reader(tar);
  Unpacker(tree, spool, limits).add_archive(reader, "the root file system", origin);
  ::unlink(tar.c_str());
}

}  // namespace kata::rootfs
