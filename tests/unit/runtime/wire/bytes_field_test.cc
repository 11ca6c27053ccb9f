// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/ttrpc/bytes_field.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "ttrpc.pb.h"

using namespace kata;
using namespace kata::wire;

TEST_CASE("a field of bytes is found where protobuf writes it", "[bytes_field]") {
  const std::size_t size = GENERATE(0U, 1U, 127U, 128U, 16384U, 1000000U);
  kata::ttrpc::Response response;
  response.mutable_status()->set_message("words");
  response.set_payload(std::string(size, 'p'));
  const std::string message = response.SerializeAsString();
  CHECK(find_bytes_field(message, kata::ttrpc::Response::kPayloadFieldNumber) ==
        std::string(size, 'p'));
  CHECK(find_bytes_field(message, 9).empty());
  const std::string status = response.status().SerializeAsString();
  CHECK(find_bytes_field(message, kata::ttrpc::Response::kStatusFieldNumber) == status);
}

TEST_CASE("a head and its bytes are the field as protobuf reads it", "[bytes_field]") {
  const std::size_t size = GENERATE(0U, 1U, 127U, 128U, 16384U, 1000000U);
  const std::string bytes(size, 'p');
  kata::ttrpc::Response response;
  REQUIRE(response.ParseFromString(
      bytes_field_head(kata::ttrpc::Response::kPayloadFieldNumber, size) + bytes));
  CHECK(response.payload() == bytes);
}

TEST_CASE("fields of other types are passed over, and the last of two counts", "[bytes_field]") {
  using namespace std::string_literals;
  const std::string others =
      "\x08\x96\x01"s + "\x11" + std::string(8, 'x') + "\x1d" + std::string(4, 'y');
  CHECK(find_bytes_field(others + "\x22\x01" + "a" + "\x22\x01" + "b", 4) == "b");
}

TEST_CASE("what is no message is an error, not a read past its end", "[bytes_field]") {
  using namespace std::string_literals;
  const std::string message =
      GENERATE("\x0a"s,
               "\x0a\x05"
               "abc"s,
               "\xff"s, std::string(20, '\xff'), "\x00\x00"s, "\x0b"s, "\x0d\x01"s, "\x09\x01"s,
               "\x08\x80"s, "\x08\x01"s, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s);
  CHECK_THROWS_AS(find_bytes_field(message, 1), Error);
}
