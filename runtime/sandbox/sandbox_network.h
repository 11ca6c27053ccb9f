// SPDX-License-Identifier: Apache-2.0
//
// What a sandbox keeps of its network and file sharing after the machine took the taps.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/fd.h"
#include "runtime/config/config.h"
#include "runtime/hypervisor/vm_config.h"
#include "runtime/network/host_endpoint.h"
#include "runtime/sandbox/network_follower.h"
#include "runtime/sandbox/sandbox.h"

namespace kata::sandbox {

/// How long QEMU may take to end when asked to.
inline constexpr std::chrono::milliseconds kQuitGrace{300};

struct Sandbox::Network {
  UniqueFd space;  ///< the network namespace
  network::SandboxNetwork joined;
  std::optional<network::SpareTap> spare;  ///< the machine has started with it
  std::string spare_mac;                   ///< of the machine's card until the guest changes it
  hypervisor::SharedFs shared_fs = hypervisor::SharedFs::none;
  std::uint32_t msize = 0;
  std::shared_ptr<NetworkFollower> follower;
  bool relays_names = false;  ///< the guest asks Docker's resolver

  ~Network() {
    if (follower) follower->stop();
  }
};

/// How interfaces are joined, by the configuration.
inline network::EndpointOptions endpoint_options(const config::Config& config) {
  return {.vhost = !config.hypervisor.disable_vhost_net};
}

}  // namespace kata::sandbox
