// SPDX-License-Identifier: Apache-2.0
//
// Network values to and from the agent protocol's messages. A target of its own
// (kata_network_wire), since the rest of the folder knows no protobuf.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/network/host_endpoint.h"
#include "types.pb.h"

namespace kata::network {

/// What the guest does with one interface.
struct GuestInterface {
  std::string name{};
  MacAddress mac{};
  std::optional<MacAddress> current_mac{};  ///< the link has this one until it gets `mac`
  std::uint32_t mtu = 0;                    ///< 0: keep
  bool arp = true;
  bool has_ipv6 = true;
  std::vector<Address> addresses{};  ///< `link` is not set
};

[[nodiscard]] types::Interface interface_to_proto(const Endpoint& endpoint);
[[nodiscard]] types::Interface interface_to_proto(const Link& link,
                                                  const std::vector<Address>& addresses);
[[nodiscard]] types::Route route_to_proto(const GuestRoute& route);
[[nodiscard]] types::ARPNeighbor neighbour_to_proto(const GuestNeighbour& neighbour);

/// Each throws Error(invalid_argument) for an address, name or number that cannot be.
[[nodiscard]] GuestInterface interface_from_proto(const types::Interface& message);
[[nodiscard]] GuestRoute route_from_proto(const types::Route& message);
[[nodiscard]] GuestNeighbour neighbour_from_proto(const types::ARPNeighbor& message);

}  // namespace kata::network
