// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/wire_conversion.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("an interface survives the way to the guest", "[wire_conversion]") {
  Endpoint endpoint{.name = "eth0"};
  endpoint.mac = parse_mac("02:42:ac:11:00:02");
  endpoint.mtu = 1400;
  endpoint.flags = IFF_UP | IFF_NOARP;
  endpoint.addresses = {{.link = 7, .prefix = parse_prefix("172.17.0.2/16")},
                        {.link = 7, .prefix = parse_prefix("2001:db8::2/64")}};
  types::Interface message = interface_to_proto(endpoint);
  CHECK_FALSE(interface_from_proto(message).current_mac);
  CHECK(interface_from_proto(message).has_ipv6);
  endpoint.has_ipv6 = false;
  CHECK_FALSE(interface_from_proto(interface_to_proto(endpoint)).has_ipv6);
  message.set_current_hw_addr("02:00:00:00:00:09");
  const GuestInterface guest = interface_from_proto(message);
  CHECK(guest.current_mac == parse_mac("02:00:00:00:00:09"));
  CHECK(guest.name == "eth0");
  CHECK(guest.mac == endpoint.mac);
  CHECK(guest.mtu == 1400);
  CHECK_FALSE(guest.arp);
  REQUIRE(guest.addresses.size() == 2);
  CHECK(to_string(guest.addresses[0].prefix) == "172.17.0.2/16");
  CHECK(to_string(guest.addresses[1].prefix) == "2001:db8::2/64");
  CHECK(guest.addresses[0].broadcast == parse_ip("172.17.255.255"));
  CHECK_FALSE(guest.addresses[1].broadcast);
  CHECK(guest.addresses[1].flags == IFA_F_NODAD);
}

TEST_CASE("a route survives the way to the guest", "[wire_conversion]") {
  const GuestRoute route{"eth0",
                         {.is_v6 = true,
                          .destination = parse_prefix("2001:db8:1::/48"),
                          .gateway = parse_ip("fe80::1"),
                          .source = parse_ip("2001:db8::2"),
                          .scope = RT_SCOPE_LINK,
                          .flags = RTNH_F_ONLINK}};
  const GuestRoute back = route_from_proto(route_to_proto(route));
  CHECK(back.device == "eth0");
  CHECK(back.route.is_v6);
  CHECK(back.route.destination == route.route.destination);
  CHECK(back.route.gateway == route.route.gateway);
  CHECK(back.route.source == route.route.source);
  CHECK(back.route.scope == RT_SCOPE_LINK);
  CHECK(back.route.flags == RTNH_F_ONLINK);
}

TEST_CASE("upstream's spelling of the default route is understood", "[wire_conversion]") {
  types::Route message;
  message.set_device("eth0");
  message.set_dest("0.0.0.0/0");
  message.set_gateway("10.0.0.1");
  CHECK_FALSE(route_from_proto(message).route.destination.has_value());
  message.set_dest("");
  CHECK_FALSE(route_from_proto(message).route.destination.has_value());
}

TEST_CASE("a neighbour survives the way to the guest", "[wire_conversion]") {
  const GuestNeighbour neighbour{"eth0",
                                 {.address = parse_ip("10.0.0.9"),
                                  .mac = parse_mac("02:00:00:00:00:09"),
                                  .state = NUD_PERMANENT}};
  const GuestNeighbour back = neighbour_from_proto(neighbour_to_proto(neighbour));
  CHECK(back.neighbour.address == neighbour.neighbour.address);
  CHECK(back.neighbour.mac == neighbour.neighbour.mac);
  CHECK(back.neighbour.state == NUD_PERMANENT);
}

TEST_CASE("hostile messages are refused", "[wire_conversion]") {
  types::Interface interface;
  interface.set_name("eth0");
  interface.set_hw_addr("02:00:00:00:00:01");
  SECTION("a name with a path in it") { interface.set_name("../../x"); }
  SECTION("a name that is too long") { interface.set_name(std::string(4096, 'x')); }
  SECTION("no hardware address") { interface.set_hw_addr(""); }
  SECTION("an MTU beyond all frames") { interface.set_mtu(1ULL << 40); }
  SECTION("an address of another family") {
    types::IPAddress* address = interface.add_ip_addresses();
    address->set_address("::1");
    address->set_mask("128");
  }
  SECTION("a mask that is no length") {
    types::IPAddress* address = interface.add_ip_addresses();
    address->set_address("10.0.0.1");
    address->set_mask("255.0.0.0");
  }
  SECTION("more addresses than any interface has") {
    for (int i = 0; i < 5000; ++i) interface.add_ip_addresses();
  }
  CHECK_THROWS_AS(interface_from_proto(interface), Error);
}

TEST_CASE("numbers outside their range are refused", "[wire_conversion]") {
  types::ARPNeighbor neighbour;
  neighbour.set_device("eth0");
  neighbour.mutable_to_ip_address()->set_address("10.0.0.1");
  neighbour.set_state(-1);
  CHECK_THROWS_AS(neighbour_from_proto(neighbour), Error);
  types::Route route;
  route.set_device("eth0");
  route.set_scope(256);
  CHECK_THROWS_AS(route_from_proto(route), Error);
}
