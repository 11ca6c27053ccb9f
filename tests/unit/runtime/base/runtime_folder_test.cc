// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/runtime_folder.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "runtime/base/path.h"

using namespace kata;

TEST_CASE("root of a user namespace is not the host's root", "[runtime_folder]") {
  const TempDir proc;
  make_directories(proc.path() + "/self");
  const auto rootless_with = [&](const char* uid_map) {
    write_file(proc.path() + "/self/uid_map", uid_map);
    return is_rootless(proc.path());
  };
  CHECK(rootless_with("         0       1000          1\n         1     100000      65536\n"));
  CHECK(rootless_with("         0     100000      65536\n"));
  CHECK(rootless_with("         0          0 4294967295\n") == (::geteuid() != 0));
}
