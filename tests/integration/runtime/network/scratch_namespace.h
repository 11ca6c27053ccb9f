// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces without names, so that a test that dies leaves nothing.
#pragma once

#include "runtime/network/network_namespace.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {

/// Two namespaces and a veth pair between them: "eth0" in `pod`, "outside" in `host`.
struct ScratchPod {
  UniqueFd host = create_network_namespace();
  UniqueFd pod = create_network_namespace();

  ScratchPod() {
    in_namespace(pod.get(), [&] {
      KernelNetlinkSocket socket;
      create_veth(socket, "eth0", "outside");
      set_link(socket, find_link(socket, "eth0")->index,
               {.mac = parse_mac("02:42:ac:11:00:02"), .mtu = 1450, .up = true});
      set_link(socket, find_link(socket, "outside")->index, {.namespace_fd = host.get()});
    });
    in_namespace(host.get(), [] {
      KernelNetlinkSocket socket;
      set_link(socket, find_link(socket, "outside")->index, {.up = true});
    });
  }
};

}  // namespace kata::network
