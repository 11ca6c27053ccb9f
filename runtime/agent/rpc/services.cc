// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/rpc/services.h"

namespace kata::agent {

void add_all_services(wire::Server& server, Sandbox& sandbox) {
  add_container_rpc(server, sandbox);
  add_process_rpc(server, sandbox);
  add_stdio_rpc(server, sandbox);
  add_network_rpc(server, sandbox);
  add_sandbox_rpc(server, sandbox);
  add_machine_rpc(server, sandbox);
  add_volume_rpc(server, sandbox);
  add_health_rpc(server);
  add_guest_rpc(server, sandbox);
  add_socket_rpc(server, sandbox);
}

}  // namespace kata::agent
