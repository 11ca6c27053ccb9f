// SPDX-License-Identifier: Apache-2.0
//
// What the device rules of config.json say as a whole; host and guest must read the same in them.
#pragma once

#include "oci.pb.h"

namespace kata::wire {

/// Whether there is a rule that allows every use of every device, as a privileged container has.
[[nodiscard]] inline bool allows_every_device(const grpc::LinuxResources& resources) {
  for (const grpc::LinuxDeviceCgroup& rule : resources.devices()) {
    const bool is_every = (rule.type().empty() || rule.type() == "a") && !rule.has_major() &&
                          !rule.has_minor() && (rule.access().empty() || rule.access() == "rwm");
    if (rule.allow() && is_every) return true;
  }
  return false;
}

}  // namespace kata::wire
