// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/remove_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

using namespace kata;

TEST_CASE("a tree goes whole, its links are not followed", "[base]") {
  const TempDir dir;
  const std::string tree = dir.path() + "/tree";
  make_directories(tree + "/a/b/c");
  make_directories(dir.path() + "/kept");
  write_file(tree + "/a/file", "x");
  write_file(dir.path() + "/kept/file", "x");
  REQUIRE(::symlink("../../kept", (tree + "/a/link").c_str()) == 0);
  REQUIRE(::mkfifo((tree + "/a/b/fifo").c_str(), 0600) == 0);
  remove_tree(tree);
  CHECK_FALSE(path_exists(tree));
  CHECK(path_exists(dir.path() + "/kept/file"));

  REQUIRE(::symlink("kept", (dir.path() + "/link").c_str()) == 0);
  remove_tree(dir.path() + "/link");
  CHECK(path_exists(dir.path() + "/kept/file"));
  CHECK(::access((dir.path() + "/link").c_str(), F_OK) != 0);
}

TEST_CASE("a single file goes, and nothing at the path is no error", "[base]") {
  const TempDir dir;
  write_file(dir.path() + "/file", "x");
  CHECK_NOTHROW(remove_tree(dir.path() + "/file"));
  CHECK_NOTHROW(remove_tree(dir.path() + "/file"));
  CHECK_FALSE(path_exists(dir.path() + "/file"));
}
