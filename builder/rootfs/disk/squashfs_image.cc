// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/squashfs_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "builder/rootfs/disk/tool.h"
#include "builder/rootfs/disk/tree_tar.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using recipe::CompressionType;

std::vector<std::string> compression_options(const recipe::Compression& compression) {
  const CompressionType type = compression.type;
  if (type == CompressionType::none) return {"-noI", "-noId", "-noD", "-noF", "-noX"};
  std::vector<std::string> options{"-comp", recipe::compression_name(type)};
  if (type == CompressionType::lz4) options.emplace_back("-Xhc");
  const bool has_level = type == CompressionType::zstd || type == CompressionType::gzip;
  if (has_level && compression.level > 0) {
    options.emplace_back("-Xcompression-level");
    options.push_back(std::to_string(compression.level));
  }
  return options;
}

void copy_into(const std::string& from, std::uint64_t offset, DiskFile& disk) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  const UniqueFd fd = open_file(from, O_RDONLY);
  std::string buffer(kChunk, '\0');
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {}", from);
    if (count == 0) return;
    disk.write(offset, std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
    offset += static_cast<std::uint64_t>(count);
  }
}

}  // namespace

std::uint64_t write_squashfs(const Tree& tree, const recipe::Compression& compression,
                             std::int64_t mtime, const std::string& work, std::uint64_t offset,
                             DiskFile& disk, pipeline::Context& context) {
  const std::string tar = join_path(work, "root.tar");
  const std::string image = join_path(work, "root.squashfs");
  const std::string time = std::to_string(std::max<std::int64_t>(mtime, 0));
  Command command;
  command.argv = {require_tool("sqfstar", "squashfs-tools 4.5 or later", "make a squashfs image"),
                  "-reproducible",
                  "-no-progress",
                  "-mkfs-time",
                  time,
                  "-all-time",
                  time,
                  "-root-mode",
                  "755",
                  "-root-uid",
                  "0",
                  "-root-gid",
                  "0",
                  "-processors",
                  std::to_string(std::max(context.jobs, 1U))};
  for (const std::string& option : compression_options(compression)) command.argv.push_back(option);
  command.argv.push_back(image);
  write_tree_tar(tree, mtime, tar);
  const UniqueFd input = open_file(tar, O_RDONLY);
  command.before_exec = [fd = input.get()] { return ::dup2(fd, 0) < 0 ? errno : 0; };
  (void)run_checked(context.runner, command);
  std::filesystem::remove(tar);
  copy_into(image, offset, disk);
  const std::uint64_t size = align_up(std::filesystem::file_size(image), 4096);
  std::filesystem::remove(image);
  return size;
}

}  // namespace kata::rootfs
