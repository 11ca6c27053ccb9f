// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/boot_failure.h"

#include <fmt/core.h>

namespace kata::hypervisor {

std::string find_guest_failure(std::string_view console, const config::Hypervisor& config) {
  const auto says = [&](std::string_view words) {
    return console.find(words) != std::string_view::npos;
  };
  const bool has_image = !config.image.empty();
  const std::string& root = has_image ? config.image : config.initrd;
  // The words are those of drivers/md/dm-verity-target.c, init/do_mounts.c and init/main.c.
  const bool is_corrupt = says("dm-verity device corrupted") ||
                          (says("device-mapper: verity:") && says("is corrupted"));
  if (is_corrupt && has_image) {
    return fmt::format(
        "the image {} does not match its root hash: it was changed after it was built, or "
        "kernel_verity_params are another image's",
        config.image);
  }
  if (has_image && (says("Unable to mount root fs") || says("Cannot open root device"))) {
    return fmt::format(
        "the kernel {} could not mount the root file system of the image {}: is the file system "
        "built into it, and the image whole?",
        config.kernel, config.image);
  }
  if (says("No working init found") || says("Requested init")) {
    return fmt::format("{} has no first process that the kernel could start", root);
  }
  if (says("kata-agent: agent ends")) return fmt::format("the agent of {} could not go on", root);
  return {};
}

std::string explain_boot_failure(std::string_view console, const config::Hypervisor& config) {
  const std::string cause = find_guest_failure(console, config);
  if (!cause.empty()) return cause;
  return fmt::format("look at kernel= and {}= in the configuration",
                     config.image.empty() ? "initrd" : "image");
}

}  // namespace kata::hypervisor
