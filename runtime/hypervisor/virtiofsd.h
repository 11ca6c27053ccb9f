// SPDX-License-Identifier: Apache-2.0
//
// virtiofsd, the file server behind virtio-fs: the C one that came with QEMU up to 7.x, and the
// Rust one.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/fd.h"
#include "runtime/hypervisor/vm_config.h"

namespace kata::hypervisor {

/// A running virtiofsd. The destructor kills it.
struct Virtiofsd {
  ChildProcess process;
  UniqueFd log;     ///< its standard output and error, to be read
  UniqueFd client;  ///< connected; for QEMU's chardev
};

/// The command line without descriptors; `fd` is the number of the listening socket in the child.
[[nodiscard]] std::vector<std::string> virtiofsd_arguments(const SharedDirectory& shared, int fd);

/// Starts it on a listening socket that is ready before it runs, so nobody waits for it. Throws
/// Error.
[[nodiscard]] Virtiofsd start_virtiofsd(const SharedDirectory& shared);

}  // namespace kata::hypervisor
