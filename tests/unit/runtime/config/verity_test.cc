// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/verity.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::config;
using Catch::Matchers::Contains;

namespace {

const std::string kHash(64, 'a');

}  // namespace

TEST_CASE("verity parameters are read as upstream writes them", "[verity]") {
  const Verity verity = parse_verity(
      "root_hash=" + kHash +
      ",salt=0123456789abcdef,data_blocks=2048,data_block_size=1024,hash_block_size=512");
  CHECK(verity.root_hash == kHash);
  CHECK(verity.salt == "0123456789abcdef");
  CHECK(verity.data_blocks == 2048);
  CHECK(verity.data_block_size == 1024);
  CHECK(verity.hash_block_size == 512);
}

TEST_CASE("salt and block sizes may be left out", "[verity]") {
  const Verity verity = parse_verity("data_blocks=1,root_hash=" + kHash);
  CHECK(verity.salt == "-");
  CHECK(verity.data_block_size == 4096);
  CHECK(verity.hash_block_size == 4096);
}

TEST_CASE("malformed verity parameters are told by what is wrong with them", "[verity]") {
  const std::string good = "root_hash=" + kHash + ",data_blocks=8";
  const auto [text, words] = GENERATE_COPY(table<std::string, std::string>({
      {"", "NAME=VALUE"},
      {"root_hash", "NAME=VALUE"},
      {"data_blocks=8", "root_hash is missing"},
      {"root_hash=" + kHash, "data_blocks is missing"},
      {"root_hash=abc,data_blocks=8", "hexadecimal"},
      {"root_hash=abcd,data_blocks=8", "has 4 digits"},
      {"root_hash=" + std::string(62, 'a') + "zz,data_blocks=8", "hexadecimal"},
      {good + ",salt=x y", "hexadecimal"},
      {good + ",salt=" + std::string(514, '0'), "salt has over 512 digits"},
      {good + ",data_blocks=9", "data_blocks stands there twice"},
      {good + ",hash_block_size=4095", "must be 512"},
      {good + ",hash_block_size=8192", "hash_block_size"},
      {good + ",data_block_size=0", "data_block_size"},
      {"root_hash=" + kHash + ",data_blocks=99999999999999999999", "data_blocks"},
      {"root_hash=" + kHash + ",data_blocks=-1", "data_blocks"},
      {good + ",colour=red", "unknown name \"colour\""},
      {good + ",", "NAME=VALUE"},
  }));
  INFO(text);
  CHECK_THROWS_WITH(parse_verity(text), Contains("kernel_verity_params") && Contains(words));
}
