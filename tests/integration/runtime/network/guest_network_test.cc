// SPDX-License-Identifier: Apache-2.0
//
// What the agent makes of the interfaces that it is told, in a network namespace of the test's.
#include "runtime/agent/guest_network/guest_network.h"

#include <net/if.h>

#include <catch2/catch.hpp>

#include "runtime/base/fd.h"
#include "runtime/network/network_namespace.h"
#include "tests/support/eventually.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("a card that started with another address gets the interface's", "[guest_network]") {
  test::require_root();
  const UniqueFd space = create_network_namespace();
  in_namespace(space.get(), [] {
    KernelNetlinkSocket socket;
    create_veth(socket, "card", "peer");
    const MacAddress first = parse_mac("02:00:00:00:00:01");
    set_link(socket, find_link(socket, "card")->index, {.mac = first});
    GuestInterface wanted{.name = "eth0", .mac = parse_mac("02:42:ac:11:00:02")};
    CHECK_FALSE(agent::apply_interface(socket, wanted));  // nothing has that address
    wanted.current_mac = first;
    wanted.addresses = {{.prefix = parse_prefix("172.17.0.2/16")}};
    // Asked twice, as a runtime does that lost the answer.
    for (int i = 0; i < 2; ++i) {
      REQUIRE(agent::apply_interface(socket, wanted));
      const std::optional<Link> link = find_link(socket, "eth0");
      REQUIRE(link);
      CHECK(link->mac == wanted.mac);
      CHECK((link->flags & IFF_UP) != 0);
    }
  });
}

TEST_CASE("an interface without IPv6 has no link-local address, and gets one when asked",
          "[guest_network]") {
  test::require_root();
  const UniqueFd space = create_network_namespace();
  in_namespace(space.get(), [] {
    test::require(path_exists("/proc/sys/net/ipv6"), "ipv6", "needs a kernel with IPv6");
    KernelNetlinkSocket socket;
    create_veth(socket, "eth0", "peer");
    set_link(socket, find_link(socket, "peer")->index, {.up = true});
    GuestInterface wanted{.name = "eth0", .mac = parse_mac("02:42:ac:11:00:02"), .has_ipv6 = false};
    set_link(socket, find_link(socket, "eth0")->index, {.mac = wanted.mac});
    const auto has_v6 = [&] {
      for (const Address& address : list_addresses(socket)) {
        if (address.link == find_link(socket, "eth0")->index && address.prefix.address.is_v6)
          return true;
      }
      return false;
    };
    REQUIRE(agent::apply_interface(socket, wanted, true));
    CHECK_FALSE(has_v6());
    wanted.has_ipv6 = true;
    REQUIRE(agent::apply_interface(socket, wanted));
    CHECK(test::eventually(has_v6));  // once the kernel has seen that the card has a carrier
    wanted.has_ipv6 = false;
    REQUIRE(agent::apply_interface(socket, wanted));
    CHECK_FALSE(has_v6());
  });
}
