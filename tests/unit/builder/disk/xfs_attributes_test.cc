// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/xfs_attributes.h"

#include <catch2/catch.hpp>
#include <string>

#include "builder/rootfs/disk/disk_file.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

/// What an inode holds of these attributes.
std::string literal_of(const std::map<std::string, std::string>& xattrs) {
  const TempDir dir;
  DiskFile disk(dir.path() + "/disk");
  XfsVolume volume{.space = XfsSpace(1U << 30), .uuid = {}, .offset = 0, .disk = disk};
  return XfsAttributes(xattrs, "file").write(volume, 128, 300).literal;
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

/// u::rw- u:1000:r-x g::r-- m::r-x o::---, in the words of linux/posix_acl_xattr.h: version 2, then
/// tag, permissions and id of each entry, little endian.
const std::string kAccessList = bytes({2,    0, 0, 0,                            //
                                       1,    0, 6, 0, 0xff, 0xff, 0xff, 0xff,    // ACL_USER_OBJ
                                       2,    0, 5, 0, 0xe8, 0x03, 0,    0,       // ACL_USER
                                       4,    0, 4, 0, 0xff, 0xff, 0xff, 0xff,    // ACL_GROUP_OBJ
                                       0x10, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,    // ACL_MASK
                                       0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff});  // ACL_OTHER

}  // namespace

TEST_CASE("an access list is kept as XFS has it", "[disk]") {
  // struct xfs_acl of the kernel's xfs_format.h: the count, then tag and id in four bytes,
  // permissions in two, and two of padding, big endian
  const std::string kept = bytes({0, 0, 0, 5,                                         //
                                  0, 0, 0, 1,    0xff, 0xff, 0xff, 0xff, 0, 6, 0, 0,  //
                                  0, 0, 0, 2,    0,    0,    0x03, 0xe8, 0, 5, 0, 0,  //
                                  0, 0, 0, 4,    0xff, 0xff, 0xff, 0xff, 0, 4, 0, 0,  //
                                  0, 0, 0, 0x10, 0xff, 0xff, 0xff, 0xff, 0, 5, 0, 0,  //
                                  0, 0, 0, 0x20, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0});
  // of the root's attributes (flag 2), under SGI's name; the short form has a head of four bytes
  const auto entry = [&](const std::string& name) {
    return bytes({static_cast<int>(name.size()), static_cast<int>(kept.size()), 2}) + name + kept;
  };
  const std::string access = entry("SGI_ACL_FILE");
  CHECK(literal_of({{"system.posix_acl_access", kAccessList}}) ==
        bytes({0, static_cast<int>(4 + access.size()), 1, 0}) + access);
  CHECK_THAT(literal_of({{"system.posix_acl_default", kAccessList}}),
             Catch::Contains(entry("SGI_ACL_DEFAULT")));
}

TEST_CASE("an access list that is none is refused", "[disk]") {
  for (const std::string& damaged : {std::string(), bytes({1, 0, 0, 0}), bytes({2, 0, 0, 0, 1}),
                                     kAccessList.substr(0, 20) + "x"})
    CHECK_THROWS_WITH(literal_of({{"system.posix_acl_access", damaged}}),
                      Catch::Contains("/file: its access list is damaged"));
}
