// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/access_list.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::archive {
namespace {

constexpr std::uint32_t kVersion = 2;          // POSIX_ACL_XATTR_VERSION
constexpr std::uint32_t kNobody = 0xffffffff;  // ACL_UNDEFINED_ID
constexpr unsigned kMask = 0x10;
constexpr std::size_t kLongestName = 64;

struct ListEntry {
  unsigned tag = 0;  ///< ACL_USER_OBJ and its like, in the order in which the kernel wants them
  unsigned permissions = 0;
  std::uint32_t id = kNobody;
};

void append_little_endian(std::string& bytes, std::uint32_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffU);
}

std::optional<unsigned> tag_of(int tag) {
  switch (tag) {
    case ARCHIVE_ENTRY_ACL_USER_OBJ:
      return 0x01;
    case ARCHIVE_ENTRY_ACL_USER:
      return 0x02;
    case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
      return 0x04;
    case ARCHIVE_ENTRY_ACL_GROUP:
      return 0x08;
    case ARCHIVE_ENTRY_ACL_MASK:
      return kMask;
    case ARCHIVE_ENTRY_ACL_OTHER:
      return 0x20;
    default:
      return std::nullopt;
  }
}

/// Sorted as the kernel wants them; none without a list.
std::vector<ListEntry> entries_of(archive_entry* entry, int which, const std::string& where) {
  std::vector<ListEntry> list;
  int type = 0;
  int permissions = 0;
  int tag = 0;
  int id = 0;
  const char* name = nullptr;
  archive_entry_acl_reset(entry, which);
  while (archive_entry_acl_next(entry, which, &type, &permissions, &tag, &id, &name) ==
         ARCHIVE_OK) {
    const std::optional<unsigned> known = tag_of(tag);
    if (!known) continue;
    ListEntry one{.tag = *known, .permissions = static_cast<unsigned>(permissions) & 7U};
    if (tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP) {
      if (id < 0) {
        throw_error(Code::invalid_argument,
                    "{}: its access list names {} without a number: pack it with --numeric-owner, "
                    "or with --xattrs-include='*' in place of --acls",
                    where, foreign_line(name != nullptr ? name : "", kLongestName));
      }
      one.id = static_cast<std::uint32_t>(id);
    }
    list.push_back(one);
  }
  std::sort(list.begin(), list.end(), [](const ListEntry& a, const ListEntry& b) {
    return std::tie(a.tag, a.id) < std::tie(b.tag, b.id);
  });
  return list;
}

std::string bytes_of(const std::vector<ListEntry>& list) {
  std::string bytes;
  append_little_endian(bytes, kVersion, 4);
  for (const ListEntry& one : list) {
    append_little_endian(bytes, one.tag, 2);
    append_little_endian(bytes, one.permissions, 2);
    append_little_endian(bytes, one.id, 4);
  }
  return bytes;
}

}  // namespace

unsigned add_access_lists(archive_entry* entry, const std::string& where, unsigned mode,
                          std::map<std::string, std::string>& xattrs) {
  for (const auto& [which, name] :
       {std::pair(ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"),
        std::pair(ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default")}) {
    const std::vector<ListEntry> list = entries_of(entry, which, where);
    if (list.empty()) continue;
    const auto mask = std::find_if(list.begin(), list.end(),
                                   [](const ListEntry& one) { return one.tag == kMask; });
    if (which == ARCHIVE_ENTRY_ACL_TYPE_ACCESS && mask != list.end())
      mode = (mode & ~070U) | mask->permissions << 3;
    xattrs.try_emplace(name, bytes_of(list));
  }
  return mode;
}

}  // namespace kata::archive
