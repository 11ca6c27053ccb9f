// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

const char* to_string(Accelerator accelerator) noexcept {
  return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

const char* to_string(Machine machine) noexcept {
  return machine == Machine::q35 ? "q35" : "microvm";
}

const char* to_string(SharedFs kind) noexcept {
  switch (kind) {
    case SharedFs::virtio_fs:
      return "virtio-fs";
    case SharedFs::virtio_9p:
      return "virtio-9p";
    case SharedFs::none:
      break;
  }
  return "none";
}

}  // namespace kata::hypervisor
