// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/security_labels.h"

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"

namespace kata::agent {

void set_exec_labels(const std::string& apparmor_profile, const std::string& selinux_label) {
  if (!apparmor_profile.empty() && apparmor_profile != "unconfined") {
    if (path_exists("/proc/self/attr/apparmor/exec")) {
      write_kernel_file("/proc/self/attr/apparmor/exec", "exec " + apparmor_profile);
    } else {
      log::debug("no apparmor in this kernel profile={}", apparmor_profile);
    }
  }
  if (!selinux_label.empty()) {
    if (path_exists("/sys/fs/selinux/enforce")) {
      write_kernel_file("/proc/self/attr/exec", selinux_label);
    } else {
      log::debug("no selinux in this kernel label={}", selinux_label);
    }
  }
}

}  // namespace kata::agent
