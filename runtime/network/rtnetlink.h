// SPDX-License-Identifier: Apache-2.0
//
// Links, addresses, routes, neighbours and traffic control of one network namespace as values. Host
// and guest both use it: the host to read what the engine made and to join it with taps, the guest
// to rebuild it. See rtnetlink(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/network/ip_address.h"
#include "runtime/network/netlink_socket.h"

namespace kata::network {

struct Link {
  int index = 0;
  std::string name{};
  std::optional<MacAddress> mac{};  ///< nothing for links without an Ethernet address
  std::uint32_t mtu = 0;
  std::uint32_t flags = 0;  ///< IFF_*
  std::string kind{};       ///< "veth", "bridge", "tun", ...; empty for hardware
  int master = 0;           ///< index of the bridge or bond it belongs to
  int parent = 0;           ///< index of the peer or lower link, maybe in another namespace
  std::optional<int> parent_namespace{};  ///< that namespace's id as seen from here
};

/// What set_link() changes; what is not given stays.
struct LinkChange {
  std::optional<std::string> name{};  ///< the link is taken down for it
  std::optional<MacAddress> mac{};
  std::optional<std::uint32_t> mtu{};
  std::optional<bool> up{};
  std::optional<bool> arp{};
  std::optional<int> master{};        ///< 0: leaves its bridge
  std::optional<int> namespace_fd{};  ///< moves it into this network namespace
};

struct Address {
  int link = 0;
  IpPrefix prefix{};
  std::uint8_t scope = 0;           ///< RT_SCOPE_*
  std::optional<IpAddress> peer{};  ///< of a point-to-point link
  std::optional<IpAddress> broadcast{};
  std::uint32_t flags = 0;  ///< IFA_F_*
};

struct Route {
  int link = 0;
  bool is_v6 = false;
  std::optional<IpPrefix> destination{};  ///< nothing: the default route
  std::optional<IpAddress> gateway{};
  std::optional<IpAddress> source{};  ///< preferred source address
  std::uint32_t metric = 0;
  std::uint32_t table = 254;  ///< RT_TABLE_MAIN
  std::uint8_t scope = 0;     ///< RT_SCOPE_*
  std::uint8_t protocol = 4;  ///< RTPROT_STATIC
  std::uint8_t type = 1;      ///< RTN_UNICAST
  std::uint32_t flags = 0;    ///< RTNH_F_ONLINK ...
};

struct Neighbour {
  int link = 0;
  IpAddress address{};
  std::optional<MacAddress> mac{};
  std::uint16_t state = 0;  ///< NUD_*
  std::uint8_t flags = 0;   ///< NTF_*
};

// --- links ---
[[nodiscard]] std::vector<Link> list_links(NetlinkSocket& socket);
[[nodiscard]] std::optional<Link> find_link(NetlinkSocket& socket, const std::string& name);
/// The link with this hardware address; the loopback is never found. Used in the guest.
[[nodiscard]] std::optional<Link> find_link(NetlinkSocket& socket, const MacAddress& mac);
/// Throws Error.
void set_link(NetlinkSocket& socket, int index, const LinkChange& change);
void create_veth(NetlinkSocket& socket, const std::string& name, const std::string& peer);
void create_bridge(NetlinkSocket& socket, const std::string& name);
/// Throws Error(not_found) when there is none.
void delete_link(NetlinkSocket& socket, int index);

// --- addresses ---
[[nodiscard]] std::vector<Address> list_addresses(NetlinkSocket& socket);
/// Adds the address, or changes the flags of the one that is there. Throws Error.
void replace_address(NetlinkSocket& socket, const Address& address);
void delete_address(NetlinkSocket& socket, const Address& address);

// --- routes ---
/// Routes of the main table, multicast and cached ones left out, in the kernel's order.
[[nodiscard]] std::vector<Route> list_routes(NetlinkSocket& socket);
/// Adds the route or replaces the one to the same destination with the same metric. Throws Error.
void replace_route(NetlinkSocket& socket, const Route& route);
void delete_route(NetlinkSocket& socket, const Route& route);

// --- neighbours ---
[[nodiscard]] std::vector<Neighbour> list_neighbours(NetlinkSocket& socket);
/// Throws Error.
void replace_neighbour(NetlinkSocket& socket, const Neighbour& neighbour);
void delete_neighbour(NetlinkSocket& socket, const Neighbour& neighbour);

// --- traffic control, see tc(8) ---
/// Adds the ingress queueing discipline; one that is there already is kept. Throws Error.
void add_ingress(NetlinkSocket& socket, int link);
/// Removes it with its filters; not being there is no error. Throws Error.
void delete_ingress(NetlinkSocket& socket, int link);
/// Every frame that arrives on `from` leaves through `to` instead: u32 that matches all, action
/// mirred egress redirect. Needs add_ingress(from) first. Throws Error.
void redirect_ingress(NetlinkSocket& socket, int from, int to);

}  // namespace kata::network
