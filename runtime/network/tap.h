// SPDX-License-Identifier: Apache-2.0
//
// A tap: a network interface whose other end is a descriptor. It lives as long as its descriptors
// do. See the kernel's Documentation/networking/tuntap.rst.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::network {

struct TapDevice {
  std::string name{};
  std::vector<UniqueFd> fds{};  ///< one a queue, non-blocking
};

struct TapOptions {
  unsigned queues = 1;
  bool virtio_header = true;  ///< frames carry a virtio_net_hdr, as QEMU's tap wants
  std::string device = "/dev/net/tun";
};

/// Creates the tap in the calling thread's network namespace, down. Throws Error (already_exists,
/// not_found with what to do when the host has no tun driver).
[[nodiscard]] TapDevice create_tap(const std::string& name, const TapOptions& options = {});

}  // namespace kata::network
