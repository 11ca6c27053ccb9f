// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/guest_network/guest_network.h"

#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

namespace kata::agent {
namespace {

using namespace network;

bool is_link_local_v6(const IpAddress& address) {
  return address.is_v6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

/// Two links may swap their names; the one in the way steps aside.
void free_name(NetlinkSocket& socket, const std::string& name, int for_index) {
  const std::optional<Link> holder = find_link(socket, name);
  if (!holder || holder->index == for_index) return;
  set_link(socket, holder->index, {.name = fmt::format("kata{}", holder->index)});
}

int index_of(NetlinkSocket& socket, const std::string& device) {
  const std::optional<Link> link = find_link(socket, device);
  if (!link) throw_error(Code::not_found, "no interface {}", device);
  return link->index;
}

/// A guest without IPv6 has nothing to switch.
void switch_ipv6(const std::string& link, bool on) {
  const std::string file = fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", link);
  if (path_exists(file)) write_kernel_file(file, on ? "0" : "1");
}

/// Networks before gateways, gateways of single hosts before the default route.
int rank(const Route& route) {
  if (!route.gateway) return 0;
  return route.destination ? 1 : 2;
}

void add_route(NetlinkSocket& socket, Route route) {
  try {
    replace_route(socket, route);
  } catch (const Error& error) {
    // ENETUNREACH, and EINVAL of older kernels: the gateway is in no network of the interface, as
    // on point-to-point links and on clouds that give out /32 addresses.
    if (!route.gateway ||
        (error.err() != ENETUNREACH && error.err() != EHOSTUNREACH && error.err() != EINVAL))
      throw;
    route.flags |= RTNH_F_ONLINK;
    replace_route(socket, route);
  }
}

bool same_target(const Route& a, const Route& b) {
  return a.is_v6 == b.is_v6 && a.destination == b.destination && a.metric == b.metric;
}

}  // namespace

bool apply_interface(NetlinkSocket& socket, const GuestInterface& wanted, bool is_new) {
  std::optional<Link> link = find_link(socket, wanted.mac);
  LinkChange change;
  if (!link && wanted.current_mac) {
    link = find_link(socket, *wanted.current_mac);
    change.mac = wanted.mac;
  }
  if (!link) return false;
  if (!wanted.name.empty() && wanted.name != link->name) {
    free_name(socket, wanted.name, link->index);
    change.name = wanted.name;
  }
  if (wanted.mtu != 0 && wanted.mtu != link->mtu) change.mtu = wanted.mtu;
  // Before it is up, or it would get a link-local address first. A link of its own time has IPv6.
  if (!wanted.has_ipv6 || !is_new) switch_ipv6(link->name, wanted.has_ipv6);
  change.arp = wanted.arp;
  change.up = true;
  set_link(socket, link->index, change);
  const std::vector<Address> present = is_new ? std::vector<Address>() : list_addresses(socket);
  for (const Address& address : present) {
    if (address.link != link->index || is_link_local_v6(address.prefix.address)) continue;
    const bool keep = std::any_of(wanted.addresses.begin(), wanted.addresses.end(),
                                  [&](const Address& w) { return w.prefix == address.prefix; });
    if (!keep) delete_address(socket, address);
  }
  for (Address address : wanted.addresses) {
    address.link = link->index;
    replace_address(socket, address);
  }
  return true;
}

void apply_routes(NetlinkSocket& socket, const std::vector<GuestRoute>& wanted, bool is_first) {
  std::vector<Route> routes;
  for (const GuestRoute& guest : wanted) {
    Route route = guest.route;
    route.link = index_of(socket, guest.device);
    routes.push_back(route);
  }
  std::stable_sort(routes.begin(), routes.end(),
                   [](const Route& a, const Route& b) { return rank(a) < rank(b); });
  const std::vector<Route> present = is_first ? std::vector<Route>() : list_routes(socket);
  for (const Route& old : present) {
    const bool keep = old.protocol == RTPROT_KERNEL ||
                      std::any_of(routes.begin(), routes.end(),
                                  [&](const Route& route) { return same_target(route, old); });
    if (!keep) ignore_error([&] { delete_route(socket, old); }, "it went with another one");
  }
  for (const Route& route : routes) {
    in_context([&] { add_route(socket, route); }, "route to {}",
               route.destination ? to_string(*route.destination) : std::string("anywhere"));
  }
}

void apply_neighbours(NetlinkSocket& socket, const std::vector<GuestNeighbour>& wanted) {
  for (const GuestNeighbour& guest : wanted) {
    Neighbour neighbour = guest.neighbour;
    neighbour.link = index_of(socket, guest.device);
    replace_neighbour(socket, neighbour);
  }
}

std::vector<GuestRoute> current_routes(NetlinkSocket& socket) {
  const std::vector<Link> links = list_links(socket);
  std::vector<GuestRoute> result;
  for (const Route& route : list_routes(socket)) {
    const auto link = std::find_if(links.begin(), links.end(),
                                   [&](const Link& l) { return l.index == route.link; });
    result.push_back({.device = link == links.end() ? "" : link->name, .route = route});
  }
  return result;
}

}  // namespace kata::agent
