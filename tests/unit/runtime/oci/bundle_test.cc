// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/bundle.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::oci;

TEST_CASE("a bundle's root file system is found from the bundle", "[oci]") {
  const TempDir dir;
  write_file(dir.path() + "/config.json", R"({"root": {"path": "rootfs/"}})");
  CHECK(load_bundle(dir.path() + "/.").rootfs == dir.path() + "/rootfs");
  write_file(dir.path() + "/config.json", R"({"root": {"path": "/var/lib/x"}})");
  CHECK(load_bundle(dir.path()).rootfs == "/var/lib/x");
}

TEST_CASE("a missing bundle and a missing config.json say what to do", "[oci]") {
  const TempDir dir;
  CHECK_THROWS_WITH(
      load_bundle(dir.path()),
      Catch::Contains(dir.path() + "/config.json does not exist") && Catch::Contains("--bundle"));
  CHECK_THROWS_WITH(load_bundle(dir.path() + "/none"), Catch::Contains("no such folder"));
}

TEST_CASE("an error in config.json names the file", "[oci]") {
  const TempDir dir;
  write_file(dir.path() + "/config.json", "{\"root\": 1}");
  CHECK_THROWS_WITH(load_bundle(dir.path()),
                    dir.path() + "/config.json: root: expected an object, found number");
}
