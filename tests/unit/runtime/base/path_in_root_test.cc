// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/path_in_root.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_file.h"

using namespace kata;
namespace fs = std::filesystem;

namespace {

struct Tree {
  TempDir folder;
  std::string root = folder.path() + "/root";
  UniqueFd fd;
  Tree() {
    fs::create_directories(root + "/dir/sub");
    fs::create_directories(folder.path() + "/outside");
    fd = open_file(root, O_PATH | O_DIRECTORY);
  }
  std::string resolve(const std::string& path, IfMissing if_missing = IfMissing::fail) const {
    const UniqueFd found = resolve_in_root(fd.get(), path, if_missing);
    return fs::read_symlink(sys::fd_path(found.get())).string().substr(root.size());
  }
};

}  // namespace

TEST_CASE("paths are resolved below the root", "[path_in_root]") {
  const Tree tree;
  CHECK(tree.resolve("/dir/sub") == "/dir/sub");
  CHECK(tree.resolve("dir//./sub/..") == "/dir");
  CHECK(tree.resolve("/../../dir") == "/dir");
  CHECK(tree.resolve("/").empty());
  CHECK_THROWS_AS(tree.resolve("/missing"), Error);
}

TEST_CASE("hostile links never lead out of the root", "[path_in_root]") {
  const Tree tree;
  fs::create_symlink("/", tree.root + "/absolute");
  fs::create_symlink("../../../../..", tree.root + "/dir/climb");
  fs::create_symlink(tree.folder.path() + "/outside", tree.root + "/escape");
  fs::create_symlink("loop", tree.root + "/loop");
  CHECK(tree.resolve("/absolute/dir") == "/dir");
  CHECK(tree.resolve("/dir/climb/dir/sub") == "/dir/sub");
  CHECK(tree.resolve("/dir/climb/../..").empty());
  CHECK_THROWS_AS(tree.resolve("/escape"), Error);
  CHECK_THROWS_AS(tree.resolve("/loop"), Error);
  // A mount point behind a link is made where the container would see it.
  CHECK(tree.resolve("/escape/file", IfMissing::make_file) == tree.folder.path() + "/outside/file");
  CHECK(fs::is_empty(tree.folder.path() + "/outside"));
}

TEST_CASE("missing mount points are made, as folders or as a file", "[path_in_root]") {
  const Tree tree;
  CHECK(tree.resolve("/a/b/c", IfMissing::make_directory) == "/a/b/c");
  CHECK(fs::is_directory(tree.root + "/a/b/c"));
  CHECK(tree.resolve("/a/b/f", IfMissing::make_file) == "/a/b/f");
  CHECK(fs::is_regular_file(tree.root + "/a/b/f"));
  CHECK_THROWS_AS(tree.resolve("/a/b/f/g", IfMissing::make_directory), Error);
}
