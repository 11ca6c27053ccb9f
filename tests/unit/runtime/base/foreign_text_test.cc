// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/foreign_text.h"

#include <catch2/catch.hpp>

using namespace kata;

TEST_CASE("control characters of strangers become question marks", "[foreign_text]") {
  CHECK(foreign_line("a\x1b[2Jb\x07\x7f", 100) == "a?[2Jb??");
  CHECK(foreign_line("one\ntwo\tthree\r", 100) == "one?two?three?");
  CHECK(foreign_lines("one\ntwo\tthree\r", 100) == "one\ntwo\tthree?");
  CHECK(foreign_line("\xc2\x9b"
                     "2J",
                     100) == "??2J");
  CHECK(foreign_line(std::string_view("\0x", 2), 100) == "?x");
}

TEST_CASE("letters of all languages stay", "[foreign_text]") {
  const std::string text = "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0 \xc2\xa0";
  CHECK(foreign_line(text, 100) == text);
}

TEST_CASE("what is too long is cut between two characters", "[foreign_text]") {
  CHECK(foreign_line("abcdef", 3) == "abc");
  CHECK(foreign_line("ab\xe4\xbd\xa0", 4) == "ab");
  CHECK(foreign_line("ab\xe4\xbd\xa0", 5) == "ab\xe4\xbd\xa0");
  CHECK(foreign_line("\x80\x80\x80", 2).empty());
}
