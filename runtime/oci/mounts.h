// SPDX-License-Identifier: Apache-2.0
//
// What a mount of config.json shows in a virtual machine: a path of the host, or something of the
// guest's own.
#pragma once

#include <string_view>

#include "oci.pb.h"

namespace kata::oci {

/// Whether the mount has this option.
[[nodiscard]] bool has_option(const grpc::Mount& mount, std::string_view wanted);
/// Whether it is a bind mount, by its type or an option.
[[nodiscard]] bool is_bind(const grpc::Mount& mount);
/// Whether it is a bind mount that may not be written to.
[[nodiscard]] bool is_read_only_bind(const grpc::Mount& mount);
/// Whether what is mounted below it may not be written to either.
[[nodiscard]] bool is_recursively_read_only(const grpc::Mount& mount);
/// Whether it binds a kernel file system or a device of the host (/proc, /sys, /dev): the guest has
/// its own there, since a bind of the host's would show another kernel.
[[nodiscard]] bool binds_kernel_path(const grpc::Mount& mount);
/// Whether it is the container's /dev/shm, which engines put on a tmpfs of the host. Shared memory
/// works only within one kernel, so it is the guest's.
[[nodiscard]] bool is_shared_memory(const grpc::Mount& mount);
/// Whether it is an overlay whose layers its options name, folders of the host.
[[nodiscard]] bool is_host_overlay(const grpc::Mount& mount);
/// Whether what is seen in the container are files of the host, by a bind or such an overlay.
[[nodiscard]] bool shows_host_path(const grpc::Mount& mount);

}  // namespace kata::oci
