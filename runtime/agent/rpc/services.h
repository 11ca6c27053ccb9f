// SPDX-License-Identifier: Apache-2.0
//
// The agent's services, method by method: each file of this folder registers one group of handlers,
// which decode, call and encode. The contract is runtime/wire/proto/agent.proto, health.proto and
// guest.proto.
#pragma once

#include "runtime/agent/rpc/sandbox.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::agent {

inline constexpr char kAgentService[] = "grpc.AgentService";
inline constexpr char kHealthService[] = "grpc.Health";
inline constexpr char kGuestService[] = "kata.guest.GuestService";

/// Each registers its methods; the sandbox must outlive the server.
void add_container_rpc(wire::Server& server, Sandbox& sandbox);
void add_process_rpc(wire::Server& server, Sandbox& sandbox);
void add_stdio_rpc(wire::Server& server, Sandbox& sandbox);
void add_network_rpc(wire::Server& server, Sandbox& sandbox);
void add_sandbox_rpc(wire::Server& server, Sandbox& sandbox);
void add_machine_rpc(wire::Server& server, Sandbox& sandbox);
void add_volume_rpc(wire::Server& server, Sandbox& sandbox);
void add_health_rpc(wire::Server& server);
void add_guest_rpc(wire::Server& server, Sandbox& sandbox);
void add_socket_rpc(wire::Server& server, Sandbox& sandbox);

/// All of the above.
void add_all_services(wire::Server& server, Sandbox& sandbox);

}  // namespace kata::agent
