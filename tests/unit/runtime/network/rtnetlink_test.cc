// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/rtnetlink.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "recorded_socket.h"

using namespace kata;
using namespace kata::network;

namespace {

template <typename Fixed, typename Fill>
std::string record(std::uint16_t type, std::uint32_t sequence, const Fixed& fixed, Fill fill) {
  MessageBuilder builder(type, NLM_F_MULTI);
  builder.fixed(fixed);
  fill(builder);
  return RecordedSocket::message(type, NLM_F_MULTI, sequence,
                                 builder.finish(0).substr(sizeof(nlmsghdr)));
}

std::string bytes_of(const IpAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.size()};
}

}  // namespace

TEST_CASE("a link's facts are read from its message", "[rtnetlink]") {
  RecordedSocket socket;
  ifinfomsg fixed{};
  fixed.ifi_index = 5;
  fixed.ifi_type = ARPHRD_ETHER;
  fixed.ifi_flags = IFF_UP;
  socket.answers = {record(RTM_NEWLINK, 1, fixed,
                           [](MessageBuilder& m) {
                             m.text(IFLA_IFNAME, "eth0").value(IFLA_MTU, std::uint32_t{1450});
                             m.value(IFLA_ADDRESS, parse_mac("02:42:ac:11:00:02"));
                             m.value(IFLA_LINK, 9).value(IFLA_LINK_NETNSID, 3);
                             m.nested(IFLA_LINKINFO, [](MessageBuilder& info) {
                               info.text(IFLA_INFO_KIND, "veth");
                             });
                           }) +
                    RecordedSocket::done(1)};
  const std::vector<Link> links = list_links(socket);
  REQUIRE(links.size() == 1);
  CHECK(links[0].index == 5);
  CHECK(links[0].name == "eth0");
  CHECK(links[0].kind == "veth");
  CHECK(links[0].mtu == 1450);
  CHECK(links[0].parent == 9);
  CHECK(links[0].parent_namespace == 3);
  CHECK(links[0].mac == parse_mac("02:42:ac:11:00:02"));
}

TEST_CASE("only Ethernet links have a MAC address", "[rtnetlink]") {
  RecordedSocket socket;
  ifinfomsg fixed{};
  fixed.ifi_type = ARPHRD_LOOPBACK;
  socket.answers = {record(RTM_NEWLINK, 1, fixed,
                           [](MessageBuilder& m) { m.value(IFLA_ADDRESS, MacAddress{}); }) +
                    RecordedSocket::done(1)};
  CHECK_FALSE(list_links(socket).at(0).mac.has_value());
}

TEST_CASE("a point-to-point address keeps its own end and its peer", "[rtnetlink]") {
  RecordedSocket socket;
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  fixed.ifa_prefixlen = 32;
  fixed.ifa_index = 2;
  socket.answers = {record(RTM_NEWADDR, 1, fixed,
                           [](MessageBuilder& m) {
                             m.attribute(IFA_LOCAL, bytes_of(parse_ip("10.0.0.1")));
                             m.attribute(IFA_ADDRESS, bytes_of(parse_ip("10.0.0.2")));
                           }) +
                        RecordedSocket::done(1),
                    RecordedSocket::done(2)};
  const std::vector<Address> addresses = list_addresses(socket);
  REQUIRE(addresses.size() == 1);
  CHECK(to_string(addresses[0].prefix) == "10.0.0.1/32");
  CHECK(addresses[0].peer == parse_ip("10.0.0.2"));
}

TEST_CASE("routes of other tables are left out", "[rtnetlink]") {
  RecordedSocket socket;
  rtmsg main{};
  main.rtm_family = AF_INET;
  main.rtm_table = RT_TABLE_MAIN;
  main.rtm_flags = RTNH_F_ONLINK;
  rtmsg local = main;
  local.rtm_table = RT_TABLE_LOCAL;
  const auto fill = [](MessageBuilder& m) {
    m.attribute(RTA_GATEWAY, bytes_of(parse_ip("172.17.0.1")));
    m.value(RTA_OIF, 4).value(RTA_PRIORITY, std::uint32_t{100});
  };
  socket.answers = {record(RTM_NEWROUTE, 1, main, fill) + record(RTM_NEWROUTE, 1, local, fill) +
                        RecordedSocket::done(1),
                    RecordedSocket::done(2)};
  const std::vector<Route> routes = list_routes(socket);
  REQUIRE(routes.size() == 1);
  CHECK_FALSE(routes[0].destination.has_value());
  CHECK(routes[0].gateway == parse_ip("172.17.0.1"));
  CHECK(routes[0].metric == 100);
  CHECK(routes[0].flags == RTNH_F_ONLINK);
}

TEST_CASE("an address of a wrong size in a message is taken as absent", "[rtnetlink]") {
  RecordedSocket socket;
  ndmsg fixed{};
  fixed.ndm_family = AF_INET;
  socket.answers = {
      record(RTM_NEWNEIGH, 1, fixed, [](MessageBuilder& m) { m.attribute(NDA_DST, "toolong"); }) +
          RecordedSocket::done(1),
      RecordedSocket::done(2)};
  CHECK(list_neighbours(socket).empty());
}

TEST_CASE("a queueing discipline that is there or gone already is no error", "[rtnetlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::ack(1, -EEXIST), RecordedSocket::ack(2, -ENOENT),
                    RecordedSocket::ack(3, -EPERM)};
  CHECK_NOTHROW(add_ingress(socket, 2));
  CHECK_NOTHROW(delete_ingress(socket, 2));
  CHECK_THROWS_WITH(delete_ingress(socket, 2), Catch::Matchers::Contains("interface 2"));
}

TEST_CASE("an interface name that the kernel could not hold is refused first", "[rtnetlink]") {
  RecordedSocket socket;
  const char* name = GENERATE("", "a/b", "sixteen-letters!", "two words", "..");
  CHECK_THROWS_AS(create_bridge(socket, name), Error);
  CHECK(socket.sent.empty());
}

TEST_CASE("an error says which route it was about", "[rtnetlink]") {
  RecordedSocket socket;
  socket.answers = {RecordedSocket::ack(1, -ENETUNREACH)};
  CHECK_THROWS_WITH(replace_route(socket, {.link = 2, .gateway = parse_ip("10.9.9.9")}),
                    Catch::Matchers::Contains("default via 10.9.9.9"));
}
