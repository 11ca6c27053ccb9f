// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/node_mode.h"

#include <sys/stat.h>

namespace kata::rootfs {
namespace {

unsigned file_type(archive::EntryKind kind) noexcept {
  switch (kind) {
    case archive::EntryKind::directory:
      return S_IFDIR;
    case archive::EntryKind::symlink:
      return S_IFLNK;
    case archive::EntryKind::character_device:
      return S_IFCHR;
    case archive::EntryKind::block_device:
      return S_IFBLK;
    case archive::EntryKind::fifo:
      return S_IFIFO;
    case archive::EntryKind::socket:
      return S_IFSOCK;
    case archive::EntryKind::file:
    case archive::EntryKind::hardlink:
      break;
  }
  return S_IFREG;
}

}  // namespace

std::uint16_t node_mode(const Node& node) noexcept {
  return static_cast<std::uint16_t>(file_type(node.entry.kind) | (node.entry.mode & 07777U));
}

unsigned name_type(unsigned mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 1;
    case S_IFDIR:
      return 2;
    case S_IFCHR:
      return 3;
    case S_IFBLK:
      return 4;
    case S_IFIFO:
      return 5;
    case S_IFSOCK:
      return 6;
    case S_IFLNK:
      return 7;
    default:
      return 0;
  }
}

std::uint32_t device_number(const Node& node) noexcept {
  const unsigned minor = node.entry.device_minor;
  return (minor & 0xffU) | node.entry.device_major << 8 | (minor & ~0xffU) << 12;
}

}  // namespace kata::rootfs
