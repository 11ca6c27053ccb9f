// SPDX-License-Identifier: Apache-2.0
//
// Starting a guest image under the real kata-runtime, with one container in it, and telling where
// the time goes.
#pragma once

#include <optional>
#include <string>

#include "builder/boot/boot_timeline.h"
#include "runtime/base/command.h"

namespace kata::boot {

struct BootRequest {
  std::string image;
  bool is_disk = false;   ///< else an initrd
  std::string companion;  ///< drop-in with the keys that a disk needs; may be empty
  std::string kernel;     ///< vmlinux or bzImage
  std::string runtime;    ///< kata-runtime
};

struct BootResult {
  std::string kernel_release;  ///< what the container's `uname -r` said
  Timeline timeline;           ///< with the console on, which costs time
  double quiet_seconds = 0;    ///< from `create` to the container's end, console off
};

/// The program kata-runtime: `wanted` when not empty, beside katabuild, where the build puts it, or
/// in PATH. Throws Error(not_found).
[[nodiscard]] std::string find_runtime(const std::string& wanted);
/// The kernel that a kernel-manifest.json is about, or the one beside it for a .config; without
/// `manifest`, vmlinux.container beside the image. Throws Error(not_found).
[[nodiscard]] std::string find_kernel(const std::string& manifest, const std::string& image);

/// Boots it twice and leaves nothing. Needs root. Throws Error: with what the runtime said, the
/// console's last lines among it, when the guest does not come up.
[[nodiscard]] BootResult boot_image(const BootRequest& request, CommandRunner& runner);
/// Lines for people.
[[nodiscard]] std::string text_of(const BootResult& result, const std::string& image);

}  // namespace kata::boot
