// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/host_endpoint.h"

#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/scope_exit.h"
#include "runtime/network/network_namespace.h"
#include "runtime/network/tap.h"

namespace kata::network {
namespace {

constexpr std::string_view kTapPrefix = "tap";
constexpr std::string_view kTapSuffix = "_kata";

/// The interface's index is in the name, so that any process can tell which tap belongs to which.
std::string tap_name_for(int link) { return fmt::format("{}{}{}", kTapPrefix, link, kTapSuffix); }

bool is_our_tap(const Link& link) {
  const std::string_view name = link.name;
  return link.kind == "tun" && name.starts_with(kTapPrefix) && name.ends_with(kTapSuffix);
}

struct Tables {
  std::vector<Link> links;
  std::vector<Address> addresses;
  std::vector<Route> routes;
  std::vector<Neighbour> neighbours;
};

Tables read_tables(NetlinkSocket& socket) {
  return {list_links(socket), list_addresses(socket), list_routes(socket), list_neighbours(socket)};
}

/// An IPv6 link-local address follows from the MAC; the guest makes the same one.
bool is_link_local_v6(const IpAddress& address) {
  return address.is_v6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

std::vector<Address> addresses_of(const Tables& tables, int link) {
  std::vector<Address> result;
  for (const Address& address : tables.addresses) {
    if (address.link == link && !is_link_local_v6(address.prefix.address)) {
      result.push_back(address);
    }
  }
  return result;
}

bool is_endpoint(const Tables& tables, const Link& link) {
  if ((link.flags & IFF_LOOPBACK) != 0 || is_our_tap(link)) return false;
  if (!link.mac) {
    log::debug("interface without an Ethernet address left out name={} kind={}", link.name,
               link.kind);
    return false;
  }
  return (link.flags & IFF_UP) != 0 || !addresses_of(tables, link.index).empty();
}

/// One descriptor a queue, or none where the host has no vhost-net.
std::vector<UniqueFd> open_vhost(unsigned queues) {
  std::vector<UniqueFd> fds;
  try {
    for (unsigned i = 0; i < queues; ++i) fds.push_back(open_file("/dev/vhost-net", O_RDWR));
  } catch (const Error& error) {
    // QEMU itself moves the packets then; slower, but it works.
    log::debug("no vhost-net error=\"{}\"", error.what());
    fds.clear();
  }
  return fds;
}

void redirect_both_ways(NetlinkSocket& socket, int one, int other) {
  // What a crashed sandbox left behind would win over the new filter.
  delete_ingress(socket, one);
  add_ingress(socket, one);
  add_ingress(socket, other);
  redirect_ingress(socket, one, other);
  redirect_ingress(socket, other, one);
}

/// Docker turns IPv6 off on the interfaces of networks without it.
bool has_ipv6(const std::string& link) {
  const std::optional<std::string> off =
      read_file_if_exists(fmt::format("/proc/sys/net/ipv6/conf/{}/disable_ipv6", link));
  return !off || !off->starts_with('1');
}

/// The interface as the guest is to have it, without descriptors.
Endpoint describe(const Tables& tables, const Link& link) {
  return {.index = link.index,
          .peer = link.parent,
          .name = link.name,
          .tap_name = tap_name_for(link.index),
          .mac = *link.mac,
          .mtu = link.mtu,
          .flags = link.flags,
          .kind = link.kind,
          .has_ipv6 = has_ipv6(link.name),
          .addresses = addresses_of(tables, link.index)};
}

Endpoint connect(NetlinkSocket& socket, const Tables& tables, const Link& link,
                 const EndpointOptions& options, const std::string& spare, UndoStack& undo) {
  TapDevice tap{.name = tap_name_for(link.index)};
  if (spare.empty()) {
    tap = create_tap(tap.name, {.queues = options.queues});
  } else if (const std::optional<Link> waiting = find_link(socket, spare)) {
    set_link(socket, waiting->index, {.name = tap.name});
  }
  const std::optional<Link> made = find_link(socket, tap.name);
  if (!made) throw_error(Code::not_found, "tap {} is gone right after its creation", tap.name);
  set_link(socket, made->index, {.mtu = link.mtu, .up = true});
  undo.push([&socket, index = link.index] { delete_ingress(socket, index); });
  redirect_both_ways(socket, link.index, made->index);
  if ((link.flags & IFF_UP) == 0) set_link(socket, link.index, {.up = true});
  Endpoint endpoint = describe(tables, link);
  endpoint.tap_fds = std::move(tap.fds);
  if (options.vhost && spare.empty()) endpoint.vhost_fds = open_vhost(options.queues);
  return endpoint;
}

/// The guest's kernel makes routes of RTPROT_KERNEL by itself when it gets the addresses.
bool is_guest_route(const Route& route) {
  return route.protocol != RTPROT_KERNEL && route.link != 0 &&
         !(route.destination && is_link_local_v6(route.destination->address));
}

NetworkConfig config_for(const Tables& tables, const std::vector<const Link*>& links) {
  const auto device_of = [&](int index) -> std::string {
    const auto found =
        std::find_if(links.begin(), links.end(), [&](const Link* l) { return l->index == index; });
    return found == links.end() ? std::string() : (*found)->name;
  };
  NetworkConfig config;
  for (const Route& route : tables.routes) {
    const std::string device = device_of(route.link);
    if (!device.empty() && is_guest_route(route)) config.routes.push_back({device, route});
  }
  // A gateway must be reachable by a route that is there already.
  std::stable_partition(config.routes.begin(), config.routes.end(),
                        [](const GuestRoute& r) { return !r.route.gateway; });
  for (const Neighbour& neighbour : tables.neighbours) {
    const std::string device = device_of(neighbour.link);
    const bool is_fixed = (neighbour.state & NUD_PERMANENT) != 0 && neighbour.mac;
    if (!device.empty() && is_fixed) config.neighbours.push_back({device, neighbour});
  }
  return config;
}

std::vector<const Link*> endpoints_in(const Tables& tables) {
  std::vector<const Link*> links;
  for (const Link& link : tables.links) {
    if (is_endpoint(tables, link)) links.push_back(&link);
  }
  return links;
}

SandboxNetwork connect_here(const EndpointOptions& options, const std::string& spare) {
  KernelNetlinkSocket socket;
  const Tables tables = read_tables(socket);
  const std::vector<const Link*> links = endpoints_in(tables);
  SandboxNetwork result;
  result.took_spare = !spare.empty() && links.size() == 1;
  UndoStack undo;
  for (const Link* link : links) {
    in_context(
        [&] {
          result.endpoints.push_back(
              connect(socket, tables, *link, options, result.took_spare ? spare : "", undo));
        },
        "connect interface {}", link->name);
  }
  result.config = config_for(tables, links);
  undo.dismiss();
  return result;
}

Endpoint connect_one_here(int index, const EndpointOptions& options, const std::string& spare) {
  KernelNetlinkSocket socket;
  const Tables tables = read_tables(socket);
  for (const Link* link : endpoints_in(tables)) {
    if (link->index != index) continue;
    UndoStack undo;
    Endpoint endpoint =
        in_context([&] { return connect(socket, tables, *link, options, spare, undo); },
                   "connect interface {}", link->name);
    undo.dismiss();
    return endpoint;
  }
  throw_error(Code::not_found, "connect interface {}: it has gone", index);
}

void disconnect_link(NetlinkSocket& socket, const Link& link) {
  if (!is_our_tap(link)) return delete_ingress(socket, link.index);
  try {
    delete_link(socket, link.index);
  } catch (const Error& error) {
    // The tap went by itself when its last descriptor was closed.
    if (error.code() != Code::not_found && error.err() != ENODEV) throw;
  }
}

}  // namespace

bool has_endpoints(int namespace_fd) {
  return result_in_namespace(namespace_fd, [] {
    KernelNetlinkSocket socket;
    const Tables tables = read_tables(socket);
    return std::any_of(tables.links.begin(), tables.links.end(),
                       [&](const Link& link) { return is_endpoint(tables, link); });
  });
}

SpareTap make_spare_tap(int namespace_fd, const EndpointOptions& options) {
  return result_in_namespace(namespace_fd, [&] {
    TapDevice tap = create_tap(tap_name_for(0), {.queues = options.queues});
    SpareTap spare{.name = std::move(tap.name), .tap_fds = std::move(tap.fds)};
    if (options.vhost) spare.vhost_fds = open_vhost(options.queues);
    return spare;
  });
}

SandboxNetwork connect_endpoints(int namespace_fd, const EndpointOptions& options,
                                 const std::string& spare) {
  return result_in_namespace(namespace_fd, [&] { return connect_here(options, spare); });
}

SandboxNetwork describe_endpoints(int namespace_fd) {
  return result_in_namespace(namespace_fd, [] {
    KernelNetlinkSocket socket;
    const Tables tables = read_tables(socket);
    const std::vector<const Link*> links = endpoints_in(tables);
    SandboxNetwork result;
    for (const Link* link : links) result.endpoints.push_back(describe(tables, *link));
    result.config = config_for(tables, links);
    return result;
  });
}

Endpoint connect_endpoint(int namespace_fd, int index, const EndpointOptions& options,
                          const std::string& spare) {
  return result_in_namespace(namespace_fd, [&] { return connect_one_here(index, options, spare); });
}

void disconnect_endpoints(int namespace_fd) {
  in_namespace(namespace_fd, [] {
    KernelNetlinkSocket socket;
    for (const Link& link : list_links(socket)) {
      if ((link.flags & IFF_LOOPBACK) == 0) disconnect_link(socket, link);
    }
  });
}

void disconnect_endpoint(int namespace_fd, int index) {
  in_namespace(namespace_fd, [&] {
    KernelNetlinkSocket socket;
    for (const Link& link : list_links(socket)) {
      if (link.index == index || (is_our_tap(link) && link.name == tap_name_for(index)))
        disconnect_link(socket, link);
    }
  });
}

std::string park_endpoint(int namespace_fd, int index, unsigned number) {
  const std::string parked = tap_name_for(-static_cast<int>(number));
  in_namespace(namespace_fd, [&] {
    KernelNetlinkSocket socket;
    for (const Link& link : list_links(socket)) {
      if (link.index == index) delete_ingress(socket, index);
      if (!is_our_tap(link) || link.name != tap_name_for(index)) continue;
      delete_ingress(socket, link.index);
      set_link(socket, link.index, {.name = parked});
    }
  });
  return parked;
}

}  // namespace kata::network
