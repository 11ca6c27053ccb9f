// SPDX-License-Identifier: Apache-2.0
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>

#include "agent.pb.h"
#include "runtime/agent/guest_network/guest_network.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/base/command.h"
#include "runtime/network/netlink_socket.h"

namespace kata::agent {
namespace {

using wire::Empty;

constexpr int kMaxRoutes = 4096;
constexpr int kMaxNeighbours = 4096;

grpc::Interfaces list_interfaces() {
  network::KernelNetlinkSocket socket;
  const std::vector<network::Address> all = network::list_addresses(socket);
  grpc::Interfaces result;
  for (const network::Link& link : network::list_links(socket)) {
    std::vector<network::Address> own;
    for (const network::Address& address : all) {
      if (address.link == link.index) own.push_back(address);
    }
    *result.add_interfaces() = network::interface_to_proto(link, own);
  }
  return result;
}

grpc::Routes list_routes() {
  network::KernelNetlinkSocket socket;
  grpc::Routes result;
  for (const network::GuestRoute& route : current_routes(socket))
    *result.add_routes() = network::route_to_proto(route);
  return result;
}

/// A hot-plugged device shows up a moment after the host has added it.
asio::awaitable<types::Interface> update_interface(Sandbox& sandbox,
                                                   grpc::UpdateInterfaceRequest request) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause(50);
  const network::GuestInterface wanted = network::interface_from_proto(request.interface());
  const bool is_new = sandbox.is_first_set_up(network::to_string(wanted.mac));
  network::KernelNetlinkSocket socket;
  if (wanted.current_mac) sandbox.parked_interfaces().take(*wanted.current_mac);
  for (int i = 0; !apply_interface(socket, wanted, is_new); ++i) {
    if (i == kTries)
      throw_error(Code::not_found, "no interface with hardware address {}",
                  network::to_string(wanted.mac));
    asio::steady_timer timer(sandbox.executor(), kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return std::move(*request.mutable_interface());
}

grpc::Routes update_routes(Sandbox& sandbox, const grpc::UpdateRoutesRequest& request) {
  if (request.routes().routes_size() > kMaxRoutes)
    throw_error(Code::resource_exhausted, "over {} routes", kMaxRoutes);
  std::vector<network::GuestRoute> wanted;
  for (const types::Route& route : request.routes().routes())
    wanted.push_back(network::route_from_proto(route));
  const bool is_first = sandbox.is_first_set_up("routes");
  network::KernelNetlinkSocket socket;
  apply_routes(socket, wanted, is_first);
  if (!is_first) return list_routes();
  // Listing them is a good part of what a guest's network costs at the start.
  grpc::Routes routes;
  for (const network::GuestRoute& route : wanted)
    *routes.add_routes() = network::route_to_proto(route);
  return routes;
}

Empty add_neighbours(const grpc::AddARPNeighborsRequest& request) {
  if (request.neighbors().arp_neighbors_size() > kMaxNeighbours) {
    throw_error(Code::resource_exhausted, "over {} neighbours", kMaxNeighbours);
  }
  std::vector<network::GuestNeighbour> wanted;
  for (const types::ARPNeighbor& one : request.neighbors().arp_neighbors()) {
    wanted.push_back(network::neighbour_from_proto(one));
  }
  network::KernelNetlinkSocket socket;
  apply_neighbours(socket, wanted);
  return {};
}

/// Runs the image's own iptables program; the default initrd has none.
std::string run_iptables(bool is_v6, const char* what, const std::string& input) {
  const std::string program = std::string(is_v6 ? "ip6tables-" : "iptables-") + what;
  const std::optional<std::string> path = find_program(program);
  if (!path) throw_error(Code::unimplemented, "the guest image has no {}", program);
  Command command{.argv = {*path}};
  command.input = input;
  command.timeout = std::chrono::seconds(10);
  RealCommandRunner runner;
  return run_checked(runner, command).output;
}

}  // namespace

void add_network_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on<grpc::UpdateInterfaceRequest, types::Interface>(
      kAgentService, "UpdateInterface",
      [&sandbox](auto request) { return update_interface(sandbox, std::move(request)); });
  server.on_now<grpc::UpdateRoutesRequest, grpc::Routes>(
      kAgentService, "UpdateRoutes",
      [&sandbox](const auto& request) { return update_routes(sandbox, request); });
  server.on_now<grpc::ListInterfacesRequest, grpc::Interfaces>(
      kAgentService, "ListInterfaces", [](const auto&) { return list_interfaces(); });
  server.on_now<grpc::ListRoutesRequest, grpc::Routes>(kAgentService, "ListRoutes",
                                                       [](const auto&) { return list_routes(); });
  server.on_now<grpc::AddARPNeighborsRequest, Empty>(kAgentService, "AddARPNeighbors",
                                                     add_neighbours);
  server.on_now<grpc::GetIPTablesRequest, grpc::GetIPTablesResponse>(
      kAgentService, "GetIPTables", [](const auto& request) {
        grpc::GetIPTablesResponse response;
        response.set_data(run_iptables(request.is_ipv6(), "save", ""));
        return response;
      });
  server.on_now<grpc::SetIPTablesRequest, grpc::SetIPTablesResponse>(
      kAgentService, "SetIPTables", [](const auto& request) {
        grpc::SetIPTablesResponse response;
        response.set_data(run_iptables(request.is_ipv6(), "restore", request.data()));
        return response;
      });
}

}  // namespace kata::agent
