// SPDX-License-Identifier: Apache-2.0
//
// config.json as the engine wrote it speaks of the host: its paths, namespaces, devices, CPUs. What
// goes to the agent must speak of the guest. This is the one place that knows the difference.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "oci.pb.h"
#include "runtime/sandbox/shared_folder.h"

namespace kata::sandbox {

/// Makes a host path visible in the guest and returns its path there; see SharedFolder::add.
using Share =
    std::function<std::string(const std::string& source, const std::string& name, Access access)>;

/// Gives the guest a tmpfs of `bytes` in place of the host's one at `source`, the same for all who
/// ask with that source, and returns its path there.
using ShareMemory = std::function<std::string(const std::string& source, std::uint64_t bytes)>;

/// Where the root file system is in the guest, and how host paths get there.
struct GuestView {
  std::string rootfs;  ///< guest path
  Share share;
  ShareMemory share_memory;
  /// As `share`, for an overlay of folders of the host; see SharedFolder::add_overlay.
  std::function<std::string(const std::string& options, const std::string& name)> share_overlay{};
  /// Has the guest pass connections on to a unix socket of the host, and returns the path of the
  /// one that stands for it.
  std::function<std::string(const std::string& source)> share_socket{};
  /// The guest's paths of namespaces that config.json names by path, by type; those that are not
  /// here become the container's own.
  std::map<std::string, std::string> namespaces;
  bool guest_seccomp = true;
};

/// The spec for the agent. Throws Error(unimplemented) for what a virtual machine cannot give, with
/// what to do instead.
[[nodiscard]] grpc::Spec guest_spec(const grpc::Spec& host_spec, const std::string& container_id,
                                    const GuestView& view);

/// Resources for the agent: without host CPU and NUMA node numbers.
[[nodiscard]] grpc::LinuxResources guest_resources(const grpc::LinuxResources& resources);

}  // namespace kata::sandbox
