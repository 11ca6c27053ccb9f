// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

using kata::joined;
using kata::split_text;
using kata::trimmed;
using kata::words_of;

TEST_CASE("text is split at separators, the last one optional", "[text]") {
  CHECK(split_text("") == std::vector<std::string>{});
  CHECK(split_text("a\nb") == std::vector<std::string>{"a", "b"});
  CHECK(split_text("a\nb\n") == std::vector<std::string>{"a", "b"});
  CHECK(split_text("a::b", ':') == std::vector<std::string>{"a", "", "b"});
}

TEST_CASE("words are what stands between separators, never empty", "[text]") {
  CHECK(words_of("").empty());
  CHECK(words_of(" \t\n").empty());
  CHECK(words_of("  one\ttwo \n three ") == std::vector<std::string_view>{"one", "two", "three"});
  CHECK(words_of("cpu0:: 1", ": ") == std::vector<std::string_view>{"cpu0", "1"});
}

TEST_CASE("trimmed text has no blanks at its ends", "[text]") {
  CHECK(trimmed("").empty());
  CHECK(trimmed(" \t\r ").empty());
  CHECK(trimmed("\t a b\r") == "a b");
}

TEST_CASE("joined parts have the separator between them", "[text]") {
  CHECK(joined({}, ", ").empty());
  CHECK(joined({"a"}, ", ") == "a");
  CHECK(joined({"", "b", "c"}, ", ") == ", b, c");
}
