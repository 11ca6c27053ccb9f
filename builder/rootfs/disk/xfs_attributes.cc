// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_attributes.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::rootfs {
namespace {

constexpr unsigned kInBlock = 1;
constexpr unsigned kTrusted = 2;
constexpr unsigned kSecurity = 4;
constexpr unsigned kAttributesMagic = 0x3bee;
constexpr std::size_t kAttributesHeader = 80;
constexpr std::size_t kLongValue = 1024;  // longer ones have blocks of their own
constexpr std::size_t kFewExtents = 64;   // of the inode, for the long form

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// From how the kernel shows an access list to how an XFS keeps it.
std::string acl_of(const std::string& value, const std::string& path) {
  if (value.size() < 4 || little_endian(value, 0, 4) != 2 || value.size() % 8 != 4)
    throw_error(Code::invalid_argument, "/{}: its access list is damaged", path);
  std::string bytes;
  append_big_endian(bytes, value.size() / 8, 4);
  for (std::size_t at = 4; at < value.size(); at += 8) {
    append_big_endian(bytes, little_endian(value, at, 2), 4);
    append_big_endian(bytes, little_endian(value, at + 4, 4), 4);
    append_big_endian(bytes, little_endian(value, at + 2, 2), 2);
    append_big_endian(bytes, 0, 2);
  }
  return bytes;
}

}  // namespace

XfsAttributes::XfsAttributes(const std::map<std::string, std::string>& xattrs,
                             const std::string& path)
    : path_(path) {
  for (const auto& [name, value] : xattrs) {
    const std::size_t dot = name.find('.');
    Attribute attribute{.name = name.substr(dot + 1), .value = value};
    if (name.starts_with("trusted.")) {
      attribute.flags = kTrusted;
    } else if (name.starts_with("security.")) {
      attribute.flags = kSecurity;
    } else if (name == "system.posix_acl_access" || name == "system.posix_acl_default") {
      attribute.flags = kTrusted;
      attribute.name = name.ends_with("access") ? "SGI_ACL_FILE" : "SGI_ACL_DEFAULT";
      attribute.value = acl_of(value, path);
    } else if (!name.starts_with("user.")) {
      throw_error(Code::invalid_argument,
                  "/{}: an XFS has no place for the attribute {}: leave it out, or use another "
                  "file system",
                  path, foreign_line(name, 100));
    }
    if (attribute.name.empty() || attribute.name.size() > 255 || attribute.value.size() > 65536)
      throw_error(Code::invalid_argument, "/{}: the attribute {} is too large", path,
                  foreign_line(name, 100));
    attribute.hash = xfs_name_hash(attribute.name);
    attributes_.push_back(std::move(attribute));
  }
  std::sort(attributes_.begin(), attributes_.end(), [](const Attribute& a, const Attribute& b) {
    return std::tie(a.hash, a.name, a.flags) < std::tie(b.hash, b.name, b.flags);
  });
}

std::string XfsAttributes::short_form() const {
  std::string entries;
  for (const Attribute& attribute : attributes_) {
    if (attribute.value.size() > 255) return {};
    append_big_endian(entries, attribute.name.size(), 1);
    append_big_endian(entries, attribute.value.size(), 1);
    append_big_endian(entries, attribute.flags, 1);
    entries += attribute.name + attribute.value;
  }
  std::string bytes;
  append_big_endian(bytes, 4 + entries.size(), 2);
  append_big_endian(bytes, attributes_.size(), 1);
  append_big_endian(bytes, 0, 1);
  return attributes_.size() > 255 ? "" : bytes + entries;
}

std::size_t XfsAttributes::room(std::size_t free) const noexcept {
  if (is_empty()) return 0;
  const std::size_t size = short_form().size();
  return size > 0 && size <= free ? size : kFewExtents;
}

XfsFork XfsAttributes::write(XfsVolume& volume, std::uint64_t inode, std::size_t free) const {
  XfsFork fork{.format = kXfsLocal, .literal = short_form()};
  if (!fork.literal.empty() && fork.literal.size() <= free) return fork;
  return long_form(volume, inode);
}

XfsFork XfsAttributes::long_form(XfsVolume& volume, std::uint64_t inode) const {
  std::string block(kXfsBlock, '\0');
  std::string entries;
  std::size_t top = kXfsBlock;  // names and values grow down, entries up
  std::uint64_t blocks = 1;
  std::vector<std::pair<std::uint64_t, const Attribute*>> remote;
  for (const Attribute& attribute : attributes_) {
    const bool is_long = attribute.value.size() > kLongValue;
    std::string bytes;
    if (is_long) {
      append_big_endian(bytes, blocks, 4);
      append_big_endian(bytes, attribute.value.size(), 4);
      remote.emplace_back(blocks, &attribute);
      blocks += remote_blocks(attribute.value.size());
    } else {
      append_big_endian(bytes, attribute.value.size(), 2);
    }
    append_big_endian(bytes, attribute.name.size(), 1);
    bytes += attribute.name;
    if (!is_long) bytes += attribute.value;
    // with the padding of the kernel's structures: two bytes behind a long one's length of the name
    const std::size_t size = (bytes.size() + (is_long ? 2 : 0) + 3) / 4 * 4;
    if (kAttributesHeader + entries.size() + 8 + size > top) {
      throw_error(Code::invalid_argument,
                  "/{}: its attributes take more than {} bytes, and katabuild writes no more into "
                  "an XFS: leave some out, or use another file system",
                  path_, kXfsBlock);
    }
    top -= size;
    block.replace(top, bytes.size(), bytes);
    append_big_endian(entries, attribute.hash, 4);
    append_big_endian(entries, top, 2);
    append_big_endian(entries, attribute.flags | (is_long ? 0 : kInBlock), 1);
    append_big_endian(entries, 0, 1);
  }
  XfsFork fork;
  const std::vector<XfsPlace> places = extend_fork(volume, fork, 0, blocks);
  std::string header = xfs_index_header(volume, kAttributesMagic, places[0], inode);
  append_big_endian(header, attributes_.size(), 2);
  append_big_endian(header, kXfsBlock - top, 2);  // in use
  append_big_endian(header, top, 2);
  append_big_endian(header, 0, 2);
  append_big_endian(header, kAttributesHeader + entries.size(), 2);  // what is free begins here
  append_big_endian(header, top - kAttributesHeader - entries.size(), 2);
  header.resize(kAttributesHeader);
  block.replace(0, header.size() + entries.size(), header + entries);
  write_block(volume, places[0], sealed(std::move(block), kXfsBlock, kXfsIndexSum));
  for (const auto& [first, attribute] : remote) {
    const auto begin = places.begin() + static_cast<std::ptrdiff_t>(first);
    write_remote(
        volume, "XARM", inode, attribute->value,
        {begin, begin + static_cast<std::ptrdiff_t>(remote_blocks(attribute->value.size()))});
  }
  return fork;
}

}  // namespace kata::rootfs
