// SPDX-License-Identifier: Apache-2.0
//
// The netlink code against the real kernel, in namespaces of its own.
#include "runtime/network/rtnetlink.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "scratch_namespace.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::network;

TEST_CASE("a link is found by MAC, renamed and changed while it is up", "[rtnetlink]") {
  test::require_root();
  const ScratchPod scratch;
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    const auto found = find_link(socket, parse_mac("02:42:ac:11:00:02"));
    REQUIRE(found);
    set_link(socket, found->index, {.name = "net1", .mtu = 1300, .arp = false});
    const auto renamed = find_link(socket, "net1");
    REQUIRE(renamed);
    CHECK(renamed->index == found->index);
    CHECK(renamed->kind == "veth");
    CHECK(renamed->mtu == 1300);
    CHECK((renamed->flags & IFF_UP) != 0);
    CHECK((renamed->flags & IFF_NOARP) != 0);
    CHECK(renamed->parent_namespace.has_value());
    delete_link(socket, renamed->index);
    CHECK_FALSE(find_link(socket, "net1"));
    CHECK_THROWS_AS(delete_link(socket, renamed->index), Error);
  });
}

TEST_CASE("addresses of both families are set, listed and deleted", "[rtnetlink]") {
  test::require_root();
  const ScratchPod scratch;
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    const int link = find_link(socket, "eth0")->index;
    Address v4{.link = link, .prefix = parse_prefix("10.1.2.3/24")};
    v4.broadcast = parse_ip("10.1.2.255");
    const Address v6{.link = link, .prefix = parse_prefix("2001:db8::3/64")};
    for (const Address& address : {v4, v6, v4}) replace_address(socket, address);
    const std::vector<Address> listed = list_addresses(socket);
    const auto has = [&](const Address& wanted) {
      return std::any_of(listed.begin(), listed.end(), [&](const Address& a) {
        return a.link == link && a.prefix == wanted.prefix;
      });
    };
    CHECK(has(v4));
    CHECK(has(v6));
    delete_address(socket, v4);
    delete_address(socket, v6);
    for (const Address& address : list_addresses(socket)) CHECK(address.prefix != v4.prefix);
  });
}

TEST_CASE("routes on link, by a gateway and by a gateway outside the subnet", "[rtnetlink]") {
  test::require_root();
  const ScratchPod scratch;
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    const int link = find_link(socket, "eth0")->index;
    replace_address(socket, {.link = link, .prefix = parse_prefix("10.1.2.3/24")});
    replace_route(
        socket,
        {.link = link, .destination = parse_prefix("169.254.1.1/32"), .scope = RT_SCOPE_LINK});
    replace_route(socket, {.link = link, .gateway = parse_ip("10.1.2.1"), .metric = 50});
    replace_route(socket, {.link = link,
                           .destination = parse_prefix("10.50.0.0/16"),
                           .gateway = parse_ip("192.168.77.1"),
                           .flags = RTNH_F_ONLINK});
    replace_route(socket,
                  {.link = link, .is_v6 = true, .destination = parse_prefix("2001:db8:9::/48")});
    const std::vector<Route> routes = list_routes(socket);
    const auto find = [&](const std::optional<IpPrefix>& destination) {
      return std::find_if(routes.begin(), routes.end(), [&](const Route& r) {
        return r.destination == destination && r.protocol == RTPROT_STATIC;
      });
    };
    REQUIRE(find(std::nullopt) != routes.end());
    CHECK(find(std::nullopt)->gateway == parse_ip("10.1.2.1"));
    CHECK(find(std::nullopt)->metric == 50);
    REQUIRE(find(parse_prefix("10.50.0.0/16")) != routes.end());
    CHECK(find(parse_prefix("10.50.0.0/16"))->flags == RTNH_F_ONLINK);
    REQUIRE(find(parse_prefix("169.254.1.1/32")) != routes.end());
    CHECK(find(parse_prefix("169.254.1.1/32"))->scope == RT_SCOPE_LINK);
    CHECK(find(parse_prefix("2001:db8:9::/48")) != routes.end());
    delete_route(socket, *find(std::nullopt));
    CHECK_THROWS_AS(delete_route(socket, *find(std::nullopt)), Error);
  });
}

TEST_CASE("a gateway that cannot be reached is refused with the kernel's words", "[rtnetlink]") {
  test::require_root();
  const ScratchPod scratch;
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    const int link = find_link(socket, "eth0")->index;
    CHECK_THROWS_WITH(replace_route(socket, {.link = link, .gateway = parse_ip("10.77.0.1")}),
                      Catch::Matchers::Contains("set route default via 10.77.0.1: Nexthop"));
  });
}

TEST_CASE("permanent neighbours are set and listed", "[rtnetlink]") {
  test::require_root();
  const ScratchPod scratch;
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    const int link = find_link(socket, "eth0")->index;
    const Neighbour wanted{.link = link,
                           .address = parse_ip("10.1.2.9"),
                           .mac = parse_mac("02:00:00:00:00:09"),
                           .state = NUD_PERMANENT};
    replace_neighbour(socket, wanted);
    const std::vector<Neighbour> listed = list_neighbours(socket);
    const auto found = std::find_if(listed.begin(), listed.end(), [&](const Neighbour& n) {
      return n.address == wanted.address && n.link == link;
    });
    REQUIRE(found != listed.end());
    CHECK(found->mac == wanted.mac);
    CHECK(found->state == NUD_PERMANENT);
    delete_neighbour(socket, wanted);
  });
}

TEST_CASE("a namespace is left again when the action throws", "[netns]") {
  test::require_root();
  const UniqueFd other = create_network_namespace();
  KernelNetlinkSocket before;
  const std::size_t links = list_links(before).size();
  CHECK_THROWS_AS(in_namespace(other.get(), [] { throw Error(Code::internal, "on purpose"); }),
                  Error);
  KernelNetlinkSocket after;
  CHECK(list_links(after).size() == links);
  CHECK(is_host_namespace("/proc/self/ns/net"));
  CHECK_FALSE(is_host_namespace("/proc/self/fd/" + std::to_string(other.get())));
}
