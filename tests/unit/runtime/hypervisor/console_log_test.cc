// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/console_log.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace kata::hypervisor;

TEST_CASE("the last lines are kept, the unfinished one too", "[console]") {
  ConsoleLog log({}, 2);
  log.append("one\r\ntwo\nthr");
  log.append("ee\nfour");
  CHECK(log.tail() == "two\nthree\nfour");
}

TEST_CASE("each whole line is handed on once", "[console]") {
  std::vector<std::string> lines;
  ConsoleLog log([&](std::string_view line) { lines.emplace_back(line); });
  log.append("a\nb");
  log.append("c\n\n");
  CHECK(lines == std::vector<std::string>{"a", "bc"});
}

TEST_CASE("a guest cannot put control characters into our errors", "[console]") {
  ConsoleLog log;
  log.append(
      "\x1b[31mred\x1b[0m \x07"
      "bell\x7f\n");
  CHECK(log.tail() == "red bell");
}

TEST_CASE("a line without an end is cut, so memory stays bounded", "[console]") {
  ConsoleLog log({}, 3);
  for (int i = 0; i < 100; ++i) log.append(std::string(10000, 'x'));
  CHECK(log.tail().size() < 5000);
}
