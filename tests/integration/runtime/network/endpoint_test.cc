// SPDX-License-Identifier: Apache-2.0
//
// What an engine leaves in a namespace becomes taps, and frames cross them both ways.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/network/change_monitor.h"
#include "runtime/network/host_endpoint.h"
#include "scratch_namespace.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::network;

namespace {

constexpr std::uint16_t kTestProtocol = 0x88b5;  // for local experiments, IEEE 802
constexpr std::size_t kVirtioHeader = 10;

/// A broadcast frame of the test's own protocol.
std::string frame(std::string_view text) {
  std::string bytes(6, '\xff');
  bytes += std::string("\x02\x00\x00\x00\x00\x77", 6);
  bytes += std::string("\x88\xb5", 2);
  bytes += text;
  bytes.resize(60);
  return bytes;
}

UniqueFd packet_socket(int namespace_fd, const std::string& interface) {
  UniqueFd fd;
  in_namespace(namespace_fd, [&] {
    fd.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(kTestProtocol)));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(kTestProtocol);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  });
  return fd;
}

/// Reads frames until one of the test's protocol comes; `header` bytes stand before each. Empty
/// after 5 seconds.
std::string next_frame(int fd, std::size_t header) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  for (int i = 0; i < 100 && ::poll(&wait, 1, 5000) == 1; ++i) {
    std::string bytes(2048, '\0');
    const ssize_t size = ::read(fd, bytes.data(), bytes.size());
    if (size < 0) return {};
    bytes.resize(static_cast<std::size_t>(size));
    if (bytes.size() >= header + 60 && bytes.substr(header + 12, 2) == "\x88\xb5") {
      return bytes.substr(header);
    }
  }
  return {};
}

std::vector<std::string> names_in(int namespace_fd) {
  std::vector<std::string> names;
  in_namespace(namespace_fd, [&] {
    KernelNetlinkSocket socket;
    for (const Link& link : list_links(socket)) names.push_back(link.name);
  });
  return names;
}

bool has_tap(int namespace_fd) {
  const auto names = names_in(namespace_fd);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& n) { return n.ends_with("_kata"); });
}

/// eth0 as Docker leaves it.
void fill_like_docker(int namespace_fd) {
  in_namespace(namespace_fd, [] {
    KernelNetlinkSocket socket;
    set_link(socket, 1, {.up = true});
    const int link = find_link(socket, "eth0")->index;
    replace_address(socket, {.link = link, .prefix = parse_prefix("172.17.0.2/16")});
    replace_address(socket, {.link = link, .prefix = parse_prefix("2001:db8::2/64")});
    replace_route(socket, {.link = link, .gateway = parse_ip("172.17.0.1")});
    replace_route(
        socket,
        {.link = link, .destination = parse_prefix("169.254.1.1/32"), .scope = RT_SCOPE_LINK});
    replace_neighbour(socket, {.link = link,
                               .address = parse_ip("172.17.0.9"),
                               .mac = parse_mac("02:00:00:00:00:09"),
                               .state = NUD_PERMANENT});
  });
}

void add_interface(int namespace_fd, const std::string& name) {
  in_namespace(namespace_fd, [&] {
    KernelNetlinkSocket socket;
    create_veth(socket, name, name + "-peer");
    set_link(socket, find_link(socket, name)->index, {.up = true});
  });
}

}  // namespace

TEST_CASE("frames cross from the tap to the outside and back", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  const SandboxNetwork network = connect_endpoints(scratch.pod.get());
  REQUIRE(network.endpoints.size() == 1);
  const int tap = network.endpoints[0].tap_fds.at(0).get();
  const UniqueFd outside = packet_socket(scratch.host.get(), "outside");

  const std::string out = frame("from the guest");
  REQUIRE(::write(tap, (std::string(kVirtioHeader, '\0') + out).data(), kVirtioHeader + 60) == 70);
  CHECK(next_frame(outside.get(), 0) == out);

  const std::string in = frame("to the guest");
  REQUIRE(::write(outside.get(), in.data(), in.size()) == 60);
  CHECK(next_frame(tap, kVirtioHeader) == in);
}

TEST_CASE("a tap that was there first is taken for the only interface", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  CHECK(has_endpoints(scratch.pod.get()));
  const SpareTap spare = make_spare_tap(scratch.pod.get());
  const SandboxNetwork network = connect_endpoints(scratch.pod.get(), {}, spare.name);
  CHECK(network.took_spare);
  REQUIRE(network.endpoints.size() == 1);
  CHECK(network.endpoints[0].tap_fds.empty());
  const std::vector<std::string> names = names_in(scratch.pod.get());
  CHECK(std::count(names.begin(), names.end(), network.endpoints[0].tap_name) == 1);
  CHECK(std::count(names.begin(), names.end(), spare.name) == 0);

  const UniqueFd outside = packet_socket(scratch.host.get(), "outside");
  const std::string out = frame("from the guest");
  const int tap = spare.tap_fds.at(0).get();
  REQUIRE(::write(tap, (std::string(kVirtioHeader, '\0') + out).data(), kVirtioHeader + 60) == 70);
  CHECK(next_frame(outside.get(), 0) == out);
}

TEST_CASE("a tap that was there first is left alone by two interfaces", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  add_interface(scratch.pod.get(), "eth1");
  const SpareTap spare = make_spare_tap(scratch.pod.get());
  const SandboxNetwork network = connect_endpoints(scratch.pod.get(), {}, spare.name);
  CHECK_FALSE(network.took_spare);
  REQUIRE(network.endpoints.size() == 2);
  for (const Endpoint& endpoint : network.endpoints) CHECK(endpoint.tap_fds.size() == 1);
}

TEST_CASE("the guest learns that an engine wants no IPv6", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/proc/sys/net/ipv6"), "ipv6", "needs a kernel with IPv6");
  const ScratchPod scratch;
  CHECK(describe_endpoints(scratch.pod.get()).endpoints.at(0).has_ipv6);
  in_namespace(scratch.pod.get(),
               [] { write_kernel_file("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "1"); });
  CHECK_FALSE(describe_endpoints(scratch.pod.get()).endpoints.at(0).has_ipv6);
}

TEST_CASE("what the guest must know is read from the namespace", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  fill_like_docker(scratch.pod.get());
  const SandboxNetwork network = connect_endpoints(scratch.pod.get());
  REQUIRE(network.endpoints.size() == 1);
  const Endpoint& endpoint = network.endpoints[0];
  CHECK(endpoint.name == "eth0");
  CHECK(endpoint.mac == parse_mac("02:42:ac:11:00:02"));
  CHECK(endpoint.mtu == 1450);
  CHECK(endpoint.kind == "veth");
  REQUIRE(endpoint.addresses.size() == 2);
  CHECK(to_string(endpoint.addresses[0].prefix) == "172.17.0.2/16");
  CHECK(to_string(endpoint.addresses[1].prefix) == "2001:db8::2/64");
  // The gateway's route comes last; the kernel's own route of the subnet is left out.
  REQUIRE(network.config.routes.size() == 2);
  CHECK(network.config.routes[0].route.destination == parse_prefix("169.254.1.1/32"));
  CHECK(network.config.routes[1].route.gateway == parse_ip("172.17.0.1"));
  CHECK(network.config.routes[1].device == "eth0");
  REQUIRE(network.config.neighbours.size() == 1);
  CHECK(network.config.neighbours[0].neighbour.address == parse_ip("172.17.0.9"));
}

TEST_CASE("an interface that appears later is reported and connected alone", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  const UniqueFd monitor = open_change_monitor(scratch.pod.get());
  const SandboxNetwork first = connect_endpoints(scratch.pod.get());
  CHECK(take_changes(monitor.get()));
  CHECK_FALSE(take_changes(monitor.get()));
  CHECK(describe_endpoints(scratch.pod.get()).endpoints.size() == 1);
  add_interface(scratch.pod.get(), "eth1");
  CHECK(take_changes(monitor.get()));
  const SandboxNetwork now = describe_endpoints(scratch.pod.get());
  REQUIRE(now.endpoints.size() == 2);
  CHECK(now.endpoints[0].tap_name == first.endpoints[0].tap_name);
  const Endpoint second = connect_endpoint(scratch.pod.get(), now.endpoints[1].index);
  CHECK(second.name == "eth1");
  CHECK(second.tap_fds.size() == 1);
  disconnect_endpoint(scratch.pod.get(), second.index);
  const std::vector<std::string> names = names_in(scratch.pod.get());
  CHECK(std::count(names.begin(), names.end(), second.tap_name) == 0);
  CHECK(std::count(names.begin(), names.end(), first.endpoints[0].tap_name) == 1);
  CHECK_THROWS_WITH(connect_endpoint(scratch.pod.get(), 4711),
                    Catch::Matchers::Contains("it has gone"));
}

TEST_CASE("a parked tap carries another interface's frames later", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  add_interface(scratch.pod.get(), "eth1");
  const SandboxNetwork network = connect_endpoints(scratch.pod.get());
  REQUIRE(network.endpoints.size() == 2);
  const Endpoint& eth0 =
      network.endpoints[0].name == "eth0" ? network.endpoints[0] : network.endpoints[1];
  const Endpoint& eth1 =
      network.endpoints[0].name == "eth0" ? network.endpoints[1] : network.endpoints[0];
  disconnect_endpoint(scratch.pod.get(), eth0.index);
  const std::string parked = park_endpoint(scratch.pod.get(), eth1.index, 1);
  const Endpoint again = connect_endpoint(scratch.pod.get(), eth0.index, {}, parked);
  CHECK(again.name == "eth0");
  CHECK(again.tap_fds.empty());
  const UniqueFd outside = packet_socket(scratch.host.get(), "outside");
  const std::string out = frame("by another way");
  const int tap = eth1.tap_fds.at(0).get();
  REQUIRE(::write(tap, (std::string(kVirtioHeader, '\0') + out).data(), kVirtioHeader + 60) == 70);
  CHECK(next_frame(outside.get(), 0) == out);
}

TEST_CASE("disconnecting leaves the namespace as it was, as often as one likes", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  const std::vector<std::string> before = names_in(scratch.pod.get());
  {
    const SandboxNetwork network = connect_endpoints(scratch.pod.get());
    CHECK(has_tap(scratch.pod.get()));
    disconnect_endpoints(scratch.pod.get());
    CHECK(names_in(scratch.pod.get()) == before);
  }
  CHECK_NOTHROW(disconnect_endpoints(scratch.pod.get()));
}

TEST_CASE("a sandbox that crashed is connected anew over what it left", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  // The taps end with their descriptors; the filter on eth0 stays.
  { const SandboxNetwork crashed = connect_endpoints(scratch.pod.get()); }
  CHECK_FALSE(has_tap(scratch.pod.get()));
  const SandboxNetwork again = connect_endpoints(scratch.pod.get());
  REQUIRE(again.endpoints.size() == 1);
  const UniqueFd outside = packet_socket(scratch.host.get(), "outside");
  const std::string in = frame("after the crash");
  REQUIRE(::write(outside.get(), in.data(), in.size()) == 60);
  CHECK(next_frame(again.endpoints[0].tap_fds.at(0).get(), kVirtioHeader) == in);
}

TEST_CASE("a step that fails undoes those before it", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    create_veth(socket, "eth1", "other");
    const Link eth1 = *find_link(socket, "eth1");
    set_link(socket, eth1.index, {.up = true});
    // The name that eth1's tap would get.
    create_bridge(socket, "tap" + std::to_string(eth1.index) + "_kata");
  });
  CHECK_THROWS_WITH(connect_endpoints(scratch.pod.get()),
                    Catch::Matchers::Contains("connect interface") &&
                        Catch::Matchers::Contains("the name is taken"));
  in_namespace(scratch.pod.get(), [] {
    KernelNetlinkSocket socket;
    for (const Link& link : list_links(socket)) CHECK(link.kind != "tun");
  });
}

TEST_CASE("several queues give several descriptors", "[endpoint]") {
  test::require_root();
  test::require(path_exists("/dev/net/tun"), "tun", "needs /dev/net/tun");
  const ScratchPod scratch;
  const SandboxNetwork network = connect_endpoints(scratch.pod.get(), {.queues = 2});
  CHECK(network.endpoints.at(0).tap_fds.size() == 2);
}
