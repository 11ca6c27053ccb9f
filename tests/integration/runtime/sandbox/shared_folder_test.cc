// SPDX-License-Identifier: Apache-2.0
//
// What a guest can do with the folder that the host shares with it. A mount namespace like that of
// virtiofsd, made before anything is shared, stands for the guest: whoever is in it may do what the
// guest's root may ask of virtiofsd.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fcntl.h>
#include <catch2/catch.hpp>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/remove_tree.h"
#include "runtime/base/sys_mount.h"
#include "runtime/sandbox/shared_folder.h"
#include "runtime/sandbox/shared_mount.h"
#include "tests/support/require.h"

using namespace kata;
using kata::sandbox::Access;
using kata::sandbox::SharedFolder;

namespace {

/// A shell in the served folder, in a mount namespace that receives what the host mounts.
class Guest {
 public:
  explicit Guest(const std::string& served)
      : process_(
            spawn({.argv = {"unshare", "--mount", "--propagation", "slave", "sh", "-c",
                            "cd \"$1\" && exec sh", "sh", served},
                   .fds = {{0, in_.read.get()}, {1, out_.write.get()}, {2, out_.write.get()}}})) {
    in_.read.reset();
    out_.write.reset();
    run("true");  // it is there
  }

  /// Whether a command succeeds in the guest.
  bool run(const std::string& command) {
    write_all(in_.write.get(),
              "if { " + command + "; } >/dev/null 2>&1; then echo y; else echo n; fi\n");
    char answer[2] = {};
    std::size_t have = 0;
    while (have < sizeof answer) {
      const ssize_t size = ::read(out_.read.get(), answer + have, sizeof answer - have);
      REQUIRE(size > 0);
      have += static_cast<std::size_t>(size);
    }
    return answer[0] == 'y';
  }

 private:
  Pipe in_ = make_pipe();
  Pipe out_ = make_pipe();
  ChildProcess process_;
};

/// A sandbox's folder with a guest in it, and something to share.
struct Share {
  Share() {
    test::require_root();
    make_directories(sandbox());
    make_directories(volume());
    write_file(volume() + "/file", "text");
    folder.emplace(sandbox());
    guest.emplace(folder->path());
  }
  [[nodiscard]] std::string sandbox() const { return dir.path() + "/sandbox"; }
  [[nodiscard]] std::string volume() const { return dir.path() + "/volume"; }

  TempDir dir;
  std::optional<SharedFolder> folder;
  std::optional<Guest> guest;
};

}  // namespace

TEST_CASE("a guest sees and writes what is shared with it", "[shared_folder]") {
  Share share;
  CHECK(share.folder->add(share.volume(), "c1", "rootfs", Access::read_write) ==
        "/run/kata-containers/shared/containers/c1/rootfs");
  share.folder->add(share.volume() + "/file", "c1", "mounts/0-hosts", Access::read_write);
  CHECK(share.guest->run("test \"$(cat c1/mounts/0-hosts)\" = text"));
  CHECK(share.guest->run("echo more > c1/rootfs/new && echo changed > c1/mounts/0-hosts"));
  CHECK(read_file(share.volume() + "/new") == "more\n");
  CHECK(read_file(share.volume() + "/file") == "changed\n");
}

TEST_CASE("a guest cannot lay a link where the host mounts next", "[shared_folder]") {
  Share share;
  const std::string target = share.dir.path() + "/target";
  make_directories(target);
  CHECK_FALSE(share.guest->run("ln -s " + target + " c2"));
  CHECK_FALSE(share.guest->run("mkdir c2"));
  share.folder->add(share.volume(), "c2", "rootfs", Access::read_write);
  CHECK_FALSE(path_exists(target + "/rootfs"));
  CHECK_FALSE(share.guest->run("rm -rf c2/mounts; mv c2 c3"));
  CHECK_FALSE(share.guest->run("ln -s " + target + " c2/mounts"));
  share.folder->add(share.volume() + "/file", "c2", "mounts/0-passwd", Access::read_write);
  CHECK_FALSE(path_exists(target + "/0-passwd"));
}

TEST_CASE("a volume that is read-only cannot be written by the guest's file server",
          "[shared_folder]") {
  Share share;
  share.folder->add(share.volume(), "c1", "mounts/0-data", Access::read_only);
  share.folder->add(share.volume() + "/file", "c1", "mounts/1-file", Access::read_only);
  CHECK(share.guest->run("cat c1/mounts/0-data/file c1/mounts/1-file"));
  CHECK_FALSE(share.guest->run("echo x > c1/mounts/0-data/file"));
  CHECK_FALSE(share.guest->run("echo x > c1/mounts/0-data/new"));
  CHECK_FALSE(share.guest->run("echo x > c1/mounts/1-file"));
  CHECK(read_file(share.volume() + "/file") == "text");
}

TEST_CASE("read-only reaches what is mounted below a volume when it is asked for",
          "[shared_folder]") {
  Share share;
  make_directories(share.volume() + "/below");
  const TempDir other;
  write_file(other.path() + "/file", "text");
  REQUIRE(::mount(other.path().c_str(), (share.volume() + "/below").c_str(), nullptr, MS_BIND,
                  nullptr) == 0);
  share.folder->add(share.volume(), "c1", "mounts/0-top", Access::read_only);
  share.folder->add(share.volume(), "c1", "mounts/1-all", Access::recursively_read_only);
  CHECK_FALSE(share.guest->run("echo x > c1/mounts/0-top/new"));
  CHECK(share.guest->run("echo x > c1/mounts/0-top/below/file"));
  CHECK_FALSE(share.guest->run("echo y > c1/mounts/1-all/below/file"));
  CHECK(share.guest->run("cat c1/mounts/1-all/below/file"));
  share.folder.reset();
  sys::unmount(share.volume() + "/below", MNT_DETACH);
  CHECK(read_file(other.path() + "/file") == "x\n");
}

TEST_CASE("a device file that a guest makes leads to no device of the host", "[shared_folder]") {
  Share share;
  make_directories(share.volume() + "/below");
  const TempDir other;
  REQUIRE(::mount(other.path().c_str(), (share.volume() + "/below").c_str(), nullptr, MS_BIND,
                  nullptr) == 0);
  const std::string below = share.volume() + "/below";
  share.folder->add(share.volume(), "c1", "rootfs", Access::read_write);
  CHECK(share.guest->run("mknod c1/rootfs/null c 1 3 && mknod c1/rootfs/below/null c 1 3"));
  CHECK_FALSE(share.guest->run("cat c1/rootfs/null"));
  CHECK_FALSE(share.guest->run("cat c1/rootfs/below/null"));
  // What stands for the guest could open it elsewhere, so the mount is what forbids it.
  CHECK(share.guest->run("cat /dev/null"));
  ::umount2(below.c_str(), MNT_DETACH);
}

TEST_CASE("mounts keep their other flags when they are shared", "[shared_folder]") {
  Share share;
  REQUIRE(::mount("none", share.volume().c_str(), "tmpfs", MS_NOEXEC | MS_NOSUID, nullptr) == 0);
  share.folder->add(share.volume(), "c1", "mounts/0-data", Access::read_only);
  const unsigned long flags = sys::mount_flags_at(share.folder->path() + "/c1/mounts/0-data");
  CHECK((flags & (MS_NOEXEC | MS_NOSUID | MS_NODEV | MS_RDONLY)) ==
        (MS_NOEXEC | MS_NOSUID | MS_NODEV | MS_RDONLY));
  CHECK((sys::mount_flags_at(share.volume()) & (MS_NODEV | MS_RDONLY)) == 0);
  ::umount2(share.volume().c_str(), MNT_DETACH);
}

TEST_CASE("what was shared is gone from both sides, and its source is not", "[shared_folder]") {
  Share share;
  share.folder->add(share.volume(), "c1", "rootfs", Access::read_write);
  share.folder->add(share.volume(), "c2", "rootfs", Access::read_write);
  share.folder->remove("c1");
  CHECK_FALSE(share.guest->run("test -e c1/rootfs/file"));
  CHECK(share.guest->run("test -e c2/rootfs/file"));
  share.folder.reset();
  CHECK_FALSE(share.guest->run("test -e c2/rootfs/file"));
  CHECK(sys::mounts_below(share.dir.path()).empty());
  CHECK_FALSE(path_exists(share.sandbox() + "/shared"));
  CHECK(read_file(share.volume() + "/file") == "text");
}

TEST_CASE("a source that is not there is named", "[shared_folder]") {
  Share share;
  CHECK_THROWS_WITH(share.folder->add("/nowhere", "c1", "rootfs", Access::read_write),
                    Catch::Matchers::Contains("share /nowhere with the guest") &&
                        Catch::Matchers::Contains("No such file"));
}

TEST_CASE("a volume stays what it was when its path leads elsewhere", "[shared_folder]") {
  Share share;
  write_file(share.dir.path() + "/secret", "secret");
  share.folder->add(share.volume() + "/file", "c1", "mounts/0-file", Access::read_write);
  CHECK(::unlink((share.volume() + "/file").c_str()) == 0);
  CHECK(::symlink((share.dir.path() + "/secret").c_str(), (share.volume() + "/file").c_str()) == 0);
  const auto shown = sandbox::shared_mount(share.sandbox(), "c1", "mounts/0-file");
  REQUIRE(shown);
  CHECK(read_file(*shown) == "text");
  CHECK_FALSE(sandbox::shared_mount(share.sandbox(), "c1", "mounts/1-file"));
  CHECK_FALSE(sandbox::shared_mount(share.sandbox(), "c", "mounts/0-file"));
}

TEST_CASE("the volumes of a container that is made anew are found", "[shared_folder]") {
  Share share;
  share.folder->add(share.volume(), "c1", "mounts/0-data", Access::read_write);
  share.folder->remove("c1");
  CHECK_FALSE(sandbox::shared_mount(share.sandbox(), "c1", "mounts/0-data"));
  share.folder->add(share.volume(), "c1", "mounts/0-data", Access::read_write);
  const auto shown = sandbox::shared_mount(share.sandbox(), "c1", "mounts/0-data");
  REQUIRE(shown);
  CHECK(read_file(*shown + "/file") == "text");
}

TEST_CASE("a device file of the host is not shared", "[shared_folder]") {
  Share share;
  CHECK_THROWS_WITH(share.folder->add("/dev/null", "c1", "mounts/0-null", Access::read_write),
                    Catch::Matchers::Contains("device file of the host"));
}

TEST_CASE("a sandbox's folder that symbolic links lead to takes nothing of a volume along",
          "[shared_folder]") {
  test::require_root();
  const TempDir dir;
  const std::string volume = dir.path() + "/volume";
  make_directories(dir.path() + "/run/sandbox");
  make_directories(volume + "/folder");
  write_file(volume + "/folder/file", "text");
  // As /var/run is to /run.
  REQUIRE(::symlink("run", (dir.path() + "/var-run").c_str()) == 0);
  const std::string sandbox = dir.path() + "/var-run/sandbox";
  {
    SharedFolder folder(sandbox);
    folder.add(volume, "c1", "rootfs", Access::read_write);
    folder.add(volume + "/folder/file", "c1", "mounts/0-file", Access::read_only);
    CHECK(sys::mounts_below(sandbox).size() >= 4);
    CHECK_FALSE(path_exists(sandbox + "/staging"));
    folder.remove("c1");
    folder.add(volume, "c1", "rootfs", Access::read_write);
  }
  CHECK(read_file(volume + "/folder/file") == "text");
  CHECK(sys::mounts_below(sandbox).empty());
  CHECK_FALSE(path_exists(sandbox + "/shared"));
}

TEST_CASE("what is mounted in a tree that is removed stays as it is, by name", "[base]") {
  test::require_root();
  const TempDir dir;
  const std::string tree = dir.path() + "/tree";
  make_directories(dir.path() + "/volume/folder");
  write_file(dir.path() + "/volume/folder/file", "text");
  make_directories(tree + "/a/mounted");
  make_directories(tree + "/z");
  write_file(tree + "/file", "");
  // The same file system: its device number does not tell.
  sys::mount(dir.path() + "/volume", tree + "/a/mounted", "", MS_BIND);
  sys::mount(dir.path() + "/volume/folder/file", tree + "/file", "", MS_BIND);
  CHECK_THROWS_WITH(remove_tree(tree), Catch::Contains("something is mounted on it"));
  CHECK_FALSE(path_exists(tree + "/z"));
  CHECK(read_file(dir.path() + "/volume/folder/file") == "text");
  CHECK_THROWS_WITH(remove_tree(tree + "/a/mounted"),
                    Catch::Contains("remove " + tree + "/a/mounted"));
  sys::unmount(tree + "/a/mounted", 0);
  sys::unmount(tree + "/file", 0);
  remove_tree(tree);
  CHECK_FALSE(path_exists(tree));
}
