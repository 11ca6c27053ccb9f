// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "runtime/agent/file_watch/inode_state.h"
#include "runtime/agent/file_watch/inotify_marks.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_watch.h"

using namespace kata;
using namespace kata::agent;
namespace fs = std::filesystem;

namespace {

std::vector<InodeChange> changes_by(const std::string& path, const std::function<void()>& change) {
  const UniqueFd fd = open_file(path, O_PATH);
  const InodeState before = read_inode_state(fd.get());
  change();
  return changes_between(before, read_inode_state(fd.get()));
}

}  // namespace

TEST_CASE("watches are read from a descriptor's fdinfo", "[file_watch]") {
  const std::vector<InodeMark> marks = parse_marks(
      "pos:\t0\nflags:\t02004000\nmnt_id:\t15\nino:\t1058\n"
      "inotify wd:2 ino:3 sdev:10002e mask:fce ignored_mask:0 fhandle-bytes:c fhandle-type:81 "
      "f_handle:00000000d901000000000000\n"
      "inotify wd:1 ino:7 sdev:2f mask:2 ignored_mask:0 \n"
      "inotify wd:3 ino:7 sdev:2f mask:2 ignored_mask:0 fhandle-bytes:1 fhandle-type:1 f_handle:0\n"
      "inotify wd:4 ino:7 sdev:zz mask:2 fhandle-bytes:1 fhandle-type:1 f_handle:00\n");
  REQUIRE(marks.size() == 1);
  CHECK(marks[0].device == 0x10002e);
  CHECK(marks[0].handle_type == 0x81);
  CHECK(marks[0].handle == std::string("\0\0\0\0\xd9\1\0\0\0\0\0\0", 12));
}

TEST_CASE("watches of every process but the agent's own count, on the host's files",
          "[file_watch]") {
  const TempDir root;
  const auto process = [&](const std::string& pid, const std::string& device) {
    const std::string folder = root.path() + "/proc/" + pid;
    make_directories(folder + "/fd");
    make_directories(folder + "/fdinfo");
    fs::create_symlink("anon_inode:inotify", folder + "/fd/5");
    fs::create_symlink("/dev/null", folder + "/fd/6");
    write_file(folder + "/mountinfo", "40 27 0:46 / / rw - virtiofs none rw\n");
    write_file(folder + "/fdinfo/5", "inotify wd:1 ino:1 sdev:" + device +
                                         " mask:2 fhandle-type:1 f_handle:0" + pid + "\n");
    write_file(folder + "/fdinfo/6",
               "inotify wd:1 ino:1 sdev:" + device + " mask:2 fhandle-type:1 f_handle:ff\n");
  };
  process("1", "2e");
  process("2", "2e");
  process("3", "2f");
  make_directories(root.path() + "/proc/self/fd");
  make_directories(root.path() + "/proc/4");  // ended meanwhile
  const std::map<InodeMark, std::string> marks = marks_of_processes({1}, root.path());
  REQUIRE(marks.size() == 1);
  CHECK(marks.begin()->first.handle == "\2");
  CHECK(marks.begin()->second == root.path() + "/proc/2/root/");
}

TEST_CASE("the host's files are what virtio-fs mounts", "[file_watch]") {
  const auto mounts = shared_mounts(
      "20 1 0:17 / /proc rw - proc proc rw\n"
      "21 1 0:46 / /run/shared rw,relatime shared:1 master:2 - virtiofs kataShared rw\n"
      "22 1 0:47 /a /run/with\\040space rw - virtiofs kataShared rw\n"
      "23 1 1:300 / /run/other rw - virtiofs none rw\n"
      "24 1 0:48\n\n25 1 x:y / /z rw - virtiofs a rw\n");
  CHECK(mounts == std::vector<SharedMount>{{46, "/run/shared"},
                                           {47, "/run/with space"},
                                           {1U << 20 | 300U, "/run/other"}});
}

TEST_CASE("what becomes of a folder's entries is told by name", "[file_watch]") {
  const TempDir dir;
  const auto path = [&](const std::string& name) { return dir.path() + "/" + name; };
  write_file(path("kept"), "1");
  write_file(path("replaced"), "1");
  write_file(path("removed"), "1");
  make_directories(path("folder"));
  CHECK(changes_by(dir.path(), [] {}).empty());
  CHECK(changes_by(dir.path(), [&] { write_file(path("new"), ""); }) ==
        std::vector<InodeChange>{{IN_CREATE, "new"}, {IN_CLOSE_WRITE, "new"}});
  CHECK(changes_by(dir.path(), [&] { make_directories(path("sub")); }) ==
        std::vector<InodeChange>{{IN_CREATE | IN_ISDIR, "sub"}});
  CHECK(changes_by(dir.path(), [&] { write_file(path("kept"), "22"); }) ==
        std::vector<InodeChange>{{IN_MODIFY, "kept"}, {IN_CLOSE_WRITE, "kept"}});
  CHECK(changes_by(dir.path(), [&] { write_file_atomic(path("replaced"), "2"); }) ==
        std::vector<InodeChange>{{IN_MOVED_TO, "replaced"}});
  CHECK(changes_by(dir.path(), [&] { ::unlink(path("removed").c_str()); }) ==
        std::vector<InodeChange>{{IN_DELETE, "removed"}});
  CHECK(changes_by(dir.path(), [&] { ::rmdir(path("sub").c_str()); }) ==
        std::vector<InodeChange>{{IN_DELETE | IN_ISDIR, "sub"}});
  CHECK(changes_by(dir.path(), [&] { ::chmod(path("kept").c_str(), 0600); }) ==
        std::vector<InodeChange>{{IN_ATTRIB, "kept"}});
  // an entry of a folder below is that folder's affair
  CHECK(changes_by(dir.path(), [&] { write_file(path("folder/deep"), ""); }).empty());
}

TEST_CASE("a watched file is told of writing, of its mode and of its end", "[file_watch]") {
  const TempDir dir;
  const std::string path = dir.path() + "/file";
  write_file(path, "1");
  CHECK(changes_by(path, [&] { write_file(path, "22"); }) ==
        std::vector<InodeChange>{{IN_MODIFY, ""}, {IN_CLOSE_WRITE, ""}});
  CHECK(changes_by(path, [&] { ::chmod(path.c_str(), 0600); }) ==
        std::vector<InodeChange>{{IN_ATTRIB, ""}});
  CHECK(changes_by(path, [&] { write_file_atomic(path, "3"); }) ==
        std::vector<InodeChange>{{IN_ATTRIB, ""}, {IN_DELETE_SELF, ""}});
}

TEST_CASE("a file system that cannot tell of changes says so", "[file_watch]") {
  const TempDir dir;
  const UniqueFd fd = open_file(dir.path(), O_RDONLY | O_DIRECTORY);
  CHECK_FALSE(sys::watched_files(fd.get()));
  CHECK_THROWS(sys::announce_change(fd.get(), IN_MODIFY, ""));
  CHECK_THROWS(sys::announce_change(fd.get(), IN_MODIFY, std::string(256, 'x')));
}
