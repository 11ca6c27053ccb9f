// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/path.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;

TEST_CASE("clean_path removes dots and never climbs above the root", "[path]") {
  CHECK(clean_path("/a/./b//../c/") == "/a/c");
  CHECK(clean_path("/../../etc") == "/etc");
  CHECK(clean_path("a/../..") == "..");
  CHECK(clean_path("") == ".");
  CHECK(clean_path("/") == "/");
}

TEST_CASE("is_below compares whole parts", "[path]") {
  CHECK(is_below("/run/kata/x", "/run/kata"));
  CHECK(is_below("/run/kata", "/run/kata/"));
  CHECK_FALSE(is_below("/run/katana", "/run/kata"));
  CHECK_FALSE(is_below("/run/kata/../x", "/run/kata"));
  CHECK(is_below("/anything", "/"));
}

TEST_CASE("join_path puts exactly one slash", "[path]") {
  CHECK(join_path("/run/", "/x") == "/run/x");
  CHECK(join_path("/", "x") == "/x");
  CHECK(join_path("/run", "") == "/run");
}

TEST_CASE("a container id is refused when it is not safe as a file name", "[path]") {
  CHECK_NOTHROW(check_container_id("web-1_a.b+c"));
  for (const char* bad : {"", "a/b", "..", ".hidden", "-x", "a b", "a\nb"}) {
    CHECK_THROWS_AS(check_container_id(bad), Error);
  }
  CHECK_THROWS_AS(check_container_id(std::string(1025, 'a')), Error);
}
