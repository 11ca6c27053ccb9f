// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/wire_conversion.h"

#include <linux/if_addr.h>
#include <net/if.h>

#include <charconv>
#include <limits>

#include "runtime/base/error.h"

namespace kata::network {
namespace {

// Far above what a pod has; a hostile peer may ask for any number.
constexpr int kMaxAddresses = 1024;
constexpr std::uint64_t kMaxMtu = 65535;

void fill(types::IPAddress& message, const IpAddress& address, const std::string& mask) {
  message.set_family(address.is_v6 ? types::v6 : types::v4);
  message.set_address(to_string(address));
  message.set_mask(mask);
}

std::string checked_device(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ || name.find('/') != std::string::npos) {
    throw_error(Code::invalid_argument, "\"{}\" is no interface name", name.substr(0, 64));
  }
  return name;
}

void check_family(const IpAddress& address, types::IPFamily family) {
  if (address.is_v6 != (family == types::v6)) {
    throw_error(Code::invalid_argument, "address {} is not of the family {}", to_string(address),
                family == types::v6 ? "v6" : "v4");
  }
}

/// What ip(8) and engines set; the protocol has no field for it. None for links of two.
std::optional<IpAddress> broadcast_of(const IpPrefix& prefix) {
  if (prefix.address.is_v6 || prefix.length > 30) return std::nullopt;
  IpAddress result = prefix.address;
  for (std::size_t bit = prefix.length; bit < 32; ++bit)
    result.bytes[bit / 8] = static_cast<std::uint8_t>(result.bytes[bit / 8] | (0x80U >> bit % 8));
  return result;
}

Address address_from(const types::IPAddress& message) {
  const IpPrefix prefix = parse_prefix(message.address() + "/" + message.mask());
  check_family(prefix.address, message.family());
  Address address{.prefix = prefix};
  address.broadcast = broadcast_of(prefix);
  // Whose it is was settled on the host; a second of waiting for that again would cost the
  // container its first packets.
  if (prefix.address.is_v6) address.flags = IFA_F_NODAD;
  return address;
}

std::uint16_t small_number(std::int32_t value, std::int32_t limit, std::string_view what) {
  if (value < 0 || value > limit) {
    throw_error(Code::invalid_argument, "{} {} is not between 0 and {}", what, value, limit);
  }
  return static_cast<std::uint16_t>(value);
}

void add_addresses(types::Interface& message, const std::vector<Address>& addresses) {
  for (const Address& address : addresses) {
    fill(*message.add_ip_addresses(), address.prefix.address,
         std::to_string(address.prefix.length));
  }
}

}  // namespace

types::Interface interface_to_proto(const Endpoint& endpoint) {
  types::Interface message;
  message.set_device(endpoint.name);
  message.set_name(endpoint.name);
  message.set_mtu(endpoint.mtu);
  message.set_hw_addr(to_string(endpoint.mac));
  message.set_type(endpoint.kind);
  message.set_raw_flags(endpoint.flags & IFF_NOARP);
  message.set_no_ipv6(!endpoint.has_ipv6);
  add_addresses(message, endpoint.addresses);
  return message;
}

types::Interface interface_to_proto(const Link& link, const std::vector<Address>& addresses) {
  types::Interface message;
  message.set_device(link.name);
  message.set_name(link.name);
  message.set_mtu(link.mtu);
  if (link.mac) message.set_hw_addr(to_string(*link.mac));
  message.set_type(link.kind);
  message.set_raw_flags(link.flags);
  std::vector<Address> own;
  for (const Address& address : addresses) {
    if (address.link == link.index) own.push_back(address);
  }
  add_addresses(message, own);
  return message;
}

types::Route route_to_proto(const GuestRoute& guest_route) {
  const Route& route = guest_route.route;
  types::Route message;
  if (route.destination) message.set_dest(to_string(*route.destination));
  if (route.gateway) message.set_gateway(to_string(*route.gateway));
  if (route.source) message.set_source(to_string(*route.source));
  message.set_device(guest_route.device);
  message.set_scope(route.scope);
  message.set_family(route.is_v6 ? types::v6 : types::v4);
  message.set_flags(route.flags);
  return message;
}

types::ARPNeighbor neighbour_to_proto(const GuestNeighbour& guest_neighbour) {
  const Neighbour& neighbour = guest_neighbour.neighbour;
  types::ARPNeighbor message;
  fill(*message.mutable_to_ip_address(), neighbour.address, "");
  message.set_device(guest_neighbour.device);
  if (neighbour.mac) message.set_lladdr(to_string(*neighbour.mac));
  message.set_state(neighbour.state);
  message.set_flags(neighbour.flags);
  return message;
}

GuestInterface interface_from_proto(const types::Interface& message) {
  GuestInterface result{.name = checked_device(message.name()),
                        .mac = parse_mac(message.hw_addr())};
  if (!message.current_hw_addr().empty()) result.current_mac = parse_mac(message.current_hw_addr());
  if (message.mtu() > kMaxMtu) {
    throw_error(Code::invalid_argument, "interface {}: MTU {} is over {}", result.name,
                message.mtu(), kMaxMtu);
  }
  if (message.ip_addresses_size() > kMaxAddresses) {
    throw_error(Code::invalid_argument, "interface {}: {} addresses", result.name,
                message.ip_addresses_size());
  }
  result.mtu = static_cast<std::uint32_t>(message.mtu());
  result.arp = (message.raw_flags() & IFF_NOARP) == 0;
  result.has_ipv6 = !message.no_ipv6();
  for (const types::IPAddress& address : message.ip_addresses()) {
    result.addresses.push_back(address_from(address));
  }
  return result;
}

GuestRoute route_from_proto(const types::Route& message) {
  Route route{.is_v6 = message.family() == types::v6};
  if (!message.dest().empty()) route.destination = parse_prefix(message.dest());
  if (!message.gateway().empty()) route.gateway = parse_ip(message.gateway());
  if (!message.source().empty()) route.source = parse_prefix(message.source()).address;
  // A peer that leaves the family out (it is v4 then) still means what its addresses say.
  if (route.destination) {
    route.is_v6 = route.destination->address.is_v6;
  } else if (route.gateway && route.gateway->is_v6) {
    route.is_v6 = true;
  }
  // Upstream's runtime writes the default route with its zero prefix.
  if (route.destination && route.destination->length == 0) route.destination.reset();
  if (route.source && route.source->is_v6 != route.is_v6) {
    throw_error(Code::invalid_argument, "route {}: source {} is of another family", message.dest(),
                to_string(*route.source));
  }
  if (message.scope() > 255) {
    throw_error(Code::invalid_argument, "route {}: scope {} is over 255", message.dest(),
                message.scope());
  }
  route.scope = static_cast<std::uint8_t>(message.scope());
  route.flags = message.flags();
  return {checked_device(message.device()), route};
}

GuestNeighbour neighbour_from_proto(const types::ARPNeighbor& message) {
  Neighbour neighbour{.address = parse_ip(message.to_ip_address().address())};
  if (!message.lladdr().empty()) neighbour.mac = parse_mac(message.lladdr());
  neighbour.state = small_number(message.state(), 0xffff, "neighbour state");
  neighbour.flags =
      static_cast<std::uint8_t>(small_number(message.flags(), 0xff, "neighbour flags"));
  return {checked_device(message.device()), neighbour};
}

}  // namespace kata::network
