// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/guest_root.h"

#include "runtime/base/error.h"
#include "runtime/config/verity.h"

namespace kata::config {

void settle_root(Hypervisor& hypervisor, const std::set<std::string, std::less<>>& named,
                 Layer layer) {
  const bool has_image = named.contains("image") && !hypervisor.image.empty();
  const bool has_initrd = named.contains("initrd") && !hypervisor.initrd.empty();
  if (has_image && has_initrd) {
    throw_error(Code::invalid_argument,
                "image = \"{}\" and initrd = \"{}\": a guest has one of them; leave one out",
                hypervisor.image, hypervisor.initrd);
  }
  if (!has_image && !has_initrd) return;
  (has_image ? hypervisor.initrd : hypervisor.image).clear();
  if (!named.contains("rootfs_type")) hypervisor.rootfs_type.clear();
  const bool keeps_verity = has_image && layer == Layer::annotations;
  if (!keeps_verity && !named.contains("kernel_verity_params"))
    hypervisor.kernel_verity_params.clear();
}

void check_root(const Hypervisor& hypervisor) {
  if (hypervisor.initrd.empty() && hypervisor.image.empty()) {
    throw_error(Code::invalid_argument,
                "neither initrd nor image is set: a guest needs one of them");
  }
  const std::string& type = hypervisor.rootfs_type;
  if (!(type.empty() || type == "ext4" || type == "xfs" || type == "erofs" || type == "squashfs")) {
    throw_error(Code::invalid_argument,
                "rootfs_type = \"{}\": it must be \"ext4\", \"xfs\", \"erofs\" or \"squashfs\", or "
                "empty to find out",
                type);
  }
  if (hypervisor.kernel_verity_params.empty()) return;
  if (hypervisor.image.empty()) {
    throw_error(Code::invalid_argument,
                "kernel_verity_params is set, but the guest's root is the initrd {}: name the "
                "image that the parameters are of",
                hypervisor.initrd);
  }
  static_cast<void>(parse_verity(hypervisor.kernel_verity_params));
}

}  // namespace kata::config
