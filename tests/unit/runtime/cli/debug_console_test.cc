// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/debug_console.h"

#include <catch2/catch.hpp>
#include <string>

using kata::cli::ConsoleOutput;

TEST_CASE("a console's output is shown up to the mark of its end, in whatever pieces it comes",
          "[debug_console]") {
  const std::string text = "guest# exit\r\n\x1b[0m\x1b_kata-debug-console-end\x1b\\ nothing more";
  const std::size_t size = GENERATE(1U, 2U, 7U, 1000U);
  ConsoleOutput output;
  std::string shown;
  for (std::size_t at = 0; at < text.size(); at += size)
    shown += output.take(text.substr(at, size));
  CHECK(output.has_ended());
  CHECK(shown == "guest# exit\r\n\x1b[0m");
}

TEST_CASE("what only begins like the mark is shown in the end", "[debug_console]") {
  ConsoleOutput output;
  CHECK(output.take("a\x1b_kata").size() == 1);
  CHECK(output.take("-x") == "\x1b_kata-x");
  CHECK_FALSE(output.has_ended());
}
