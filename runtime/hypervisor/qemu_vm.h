// SPDX-License-Identifier: Apache-2.0
//
// A virtual machine in QEMU: the process, its helper virtiofsd, QMP and the console, owned
// together.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>

#include "runtime/hypervisor/vm.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

struct QemuVmHooks {
  /// Called with the pid of each process right after its start (QEMU first): to place it in a
  /// cgroup. May be empty.
  std::function<void(pid_t)> place{};
  /// Called with each whole line of the guest's console. May be empty.
  std::function<void(std::string_view)> on_console_line{};
};

/// Owns the machine; `io` must outlive it. Nothing is started yet.
[[nodiscard]] std::unique_ptr<Vm> make_qemu_vm(asio::io_context& io, VmConfig config,
                                               QemuVmHooks hooks = {});

}  // namespace kata::hypervisor
