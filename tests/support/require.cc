// SPDX-License-Identifier: Apache-2.0
#include "tests/support/require.h"

#include <unistd.h>

#include <catch2/catch.hpp>
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

/// Thrown rather than ending the process on the spot, so that the case's objects remove their
/// folders; no std::exception, so that nothing on the way takes it for an error.
struct Unmet {
  int status;
};

}  // namespace

void require(bool met, std::string_view need, std::string_view reason) {
  if (met) return;
  const bool demanded = is_demanded(need);
  std::printf("%s: %.*s\n", demanded ? "needed but missing" : "skipped",
              static_cast<int>(reason.size()), reason.data());
  std::fflush(stdout);
  throw Unmet{demanded ? 1 : 77};
}

void require_root() { require(::geteuid() == 0, "root", "needs root"); }

void require_program(const std::string& name) {
  require(find_program(name).has_value(), name, "needs the program " + name);
}

}  // namespace kata::test

// Catch2 asks for the text of an exception when the case has been left
CATCH_TRANSLATE_EXCEPTION(kata::test::Unmet& unmet) { std::_Exit(unmet.status); }
