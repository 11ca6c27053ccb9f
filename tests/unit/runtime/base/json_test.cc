// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/json.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;

TEST_CASE("invalid JSON is reported with file, line and column", "[json]") {
  try {
    (void)parse_json("{\n  \"a\": 1,\n  \"b\" 2\n}\n", "config.json");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    CHECK_THAT(error.what(), Catch::Matchers::StartsWith("config.json:3:7: not valid JSON: "));
  }
}

TEST_CASE("a number that no double holds is an error of the file", "[json]") {
  CHECK_THROWS_WITH(parse_json("[4E1155]", "config.json"),
                    "config.json: number overflow parsing '4E1155'");
}

TEST_CASE("a JSON text that nests too deep is refused", "[json]") {
  CHECK_THROWS_AS(parse_json(std::string(5000, '[') + std::string(5000, ']'), "x"), Error);
  CHECK_NOTHROW(parse_json(std::string(100, '[') + std::string(100, ']'), "x"));
}
