// SPDX-License-Identifier: Apache-2.0
#include "tests/support/require.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "runtime/base/command.h"

namespace kata::test {

namespace {

bool is_demanded(std::string_view need) {
  const char* value = std::getenv("KATA_TEST_REQUIRE");
  const std::string list = "," + std::string(value == nullptr ? "" : value) + ",";
  return list.find("," + std::string(need) + ",") != std::string::npos;
}

}  // namespace

void require(bool met, std::string_view need, std::string_view reason) {
  if (met) return;
  const bool demanded = is_demanded(need);
  std::printf("%s: %.*s\n", demanded ? "needed but missing" : "skipped",
              static_cast<int>(reason.size()), reason.data());
  std::fflush(stdout);
  std::_Exit(demanded ? 1 : 77);
}

void require_root() { require(::geteuid() == 0, "root", "needs root"); }

void require_program(const std::string& name) {
  require(find_program(name).has_value(), name, "needs the program " + name);
}

}  // namespace kata::test
