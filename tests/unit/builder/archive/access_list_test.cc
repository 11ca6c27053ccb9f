// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "builder/archive/archive_reader.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;

std::string field(const std::string& text, std::size_t size) {
  std::string bytes = text;
  bytes.resize(size, '\0');
  return bytes;
}

std::string octal(std::size_t number, std::size_t digits) {
  return fmt::format("{:0{}o}", number, digits) + std::string(1, '\0');
}

/// A member of a ustar archive; see pax(1).
std::string member(char type, const std::string& name, const std::string& content) {
  std::string head = field(name, 100) + octal(0644, 7) + octal(0, 7) + octal(0, 7) +
                     octal(content.size(), 11) + octal(0, 11) + std::string(8, ' ') + type +
                     std::string(100, '\0') + field("ustar", 6) + "00";
  head.resize(512, '\0');
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  head.replace(148, 8, octal(sum, 6) + " ");
  std::string data = content;
  data.resize((content.size() + 511) / 512 * 512, '\0');
  return head + data;
}

/// The first entry of an archive as `tar --acls` writes one.
archive::Entry entry_with(const std::string& key, const std::string& list) {
  std::string record = " " + key + "=" + list + "\n";
  std::size_t size = record.size() + 2;
  while (std::to_string(size).size() + record.size() != size) ++size;
  const TempDir dir;
  write_file(dir.path() + "/a.tar", member('x', "head", std::to_string(size) + record) +
                                        member('0', "file", "x") + std::string(1024, '\0'));
  archive::ArchiveReader reader(dir.path() + "/a.tar");
  return reader.next().value();
}

}  // namespace

TEST_CASE("an access list in the text of an archive becomes the kernel's attribute", "[archive]") {
  // linux/posix_acl_xattr.h: version 2, then tag, permissions and id of each, little endian
  const std::string list(
      "\2\0\0\0"
      "\1\0\6\0\xff\xff\xff\xff"
      "\2\0\5\0\xe8\3\0\0"
      "\4\0\4\0\xff\xff\xff\xff"
      "\x10\0\5\0\xff\xff\xff\xff"
      "\x20\0\0\0\xff\xff\xff\xff",
      44);
  const std::string text = "user::rw-,user:1000:r-x,group::r--,mask::r-x,other::---";
  CHECK(entry_with("SCHILY.acl.access", text).xattrs.at("system.posix_acl_access") == list);
  CHECK(entry_with("SCHILY.acl.access", text).mode == 0650);  // the mask's rights for the group
  CHECK(entry_with("SCHILY.acl.default", text).xattrs.at("system.posix_acl_default") == list);
  CHECK(entry_with("SCHILY.acl.access", "user::rw-,group::r--,other::r--").xattrs.empty());
  CHECK_THROWS_WITH(
      entry_with("SCHILY.acl.access", "user::rw-,user:lisa:r-x,group::r--,mask::r-x,other::---"),
      Catch::Contains("file: its access list names lisa without a number: pack it with"));
}
