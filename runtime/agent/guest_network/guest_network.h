// SPDX-License-Identifier: Apache-2.0
//
// Rebuilds in the guest what the engine made in the sandbox's network namespace: names, addresses,
// routes, neighbours.
#pragma once

#include <string>
#include <vector>

#include "runtime/network/netlink_socket.h"
#include "runtime/network/rtnetlink.h"
#include "runtime/network/wire_conversion.h"

namespace kata::agent {

/// Makes the link with this hardware address (or its current one) look as wanted: address, name
/// (another link that has it gets a free one), MTU, IPv6 or none, addresses (others are removed,
/// link-local ones of IPv6 kept), up. Returns false when no link has the address (yet). Of one that
/// `is_new` it is known that it has no addresses yet. Throws Error.
bool apply_interface(network::NetlinkSocket& socket, const network::GuestInterface& wanted,
                     bool is_new = false);

/// Replaces the main table's routes: adds the wanted ones, those without a gateway first, and
/// removes others that no kernel made. A gateway that no other route reaches is taken as on the
/// link. The first time there are no others. Throws Error.
void apply_routes(network::NetlinkSocket& socket, const std::vector<network::GuestRoute>& wanted,
                  bool is_first = false);

void apply_neighbours(network::NetlinkSocket& socket,
                      const std::vector<network::GuestNeighbour>& wanted);

/// The routes with their links' names, as they are.
[[nodiscard]] std::vector<network::GuestRoute> current_routes(network::NetlinkSocket& socket);

}  // namespace kata::agent
