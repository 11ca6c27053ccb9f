// SPDX-License-Identifier: Apache-2.0
//
// What the guest is told of its network beside the interfaces, as messages to the agent.
#pragma once

#include "agent.pb.h"
#include "runtime/network/host_endpoint.h"
#include "runtime/network/wire_conversion.h"

namespace kata::sandbox {

[[nodiscard]] inline grpc::UpdateRoutesRequest routes_request(
    const network::NetworkConfig& config) {
  grpc::UpdateRoutesRequest request;
  for (const network::GuestRoute& route : config.routes)
    *request.mutable_routes()->add_routes() = network::route_to_proto(route);
  return request;
}

[[nodiscard]] inline grpc::AddARPNeighborsRequest neighbours_request(
    const network::NetworkConfig& config) {
  grpc::AddARPNeighborsRequest request;
  for (const network::GuestNeighbour& neighbour : config.neighbours)
    *request.mutable_neighbors()->add_arp_neighbors() = network::neighbour_to_proto(neighbour);
  return request;
}

}  // namespace kata::sandbox
