// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/ip_address.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("addresses of both families are read and printed in their canonical form", "[network]") {
  CHECK(to_string(parse_ip("172.17.0.2")) == "172.17.0.2");
  CHECK(to_string(parse_ip("2001:DB8:0:0::1")) == "2001:db8::1");
  CHECK(to_string(parse_prefix("10.0.0.0/8")) == "10.0.0.0/8");
  CHECK(to_string(parse_prefix("10.0.0.1")) == "10.0.0.1/32");
  CHECK(to_string(parse_prefix("fe80::/10")) == "fe80::/10");
  CHECK(to_string(parse_mac("02:42:aC:11:00:02")) == "02:42:ac:11:00:02");
}

TEST_CASE("text that is no address is refused and quoted", "[network]") {
  const char* text = GENERATE("", "1.2.3", "1.2.3.4.5", "300.1.1.1", "::g", "1.2.3.4 ");
  CHECK_THROWS_WITH(parse_ip(text), Catch::Matchers::Contains(std::string("\"") + text + "\""));
}

TEST_CASE("a prefix length outside its family is refused", "[network]") {
  const char* text = GENERATE("1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1", "1.2.3.4/8x", "::1/129");
  CHECK_THROWS_AS(parse_prefix(text), Error);
}

TEST_CASE("text that is no MAC address is refused", "[network]") {
  const char* text = GENERATE("", "02:42:ac:11:00", "02:42:ac:11:00:0g", "02-42-ac-11-00-02",
                              "02:42:ac:11:00:02:", "2:42:ac:11:00:002");
  CHECK_THROWS_AS(parse_mac(text), Error);
}
