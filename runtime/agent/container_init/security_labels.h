// SPDX-License-Identifier: Apache-2.0
//
// AppArmor profile and SELinux label of the next execve(2), where the guest's kernel has either.
#pragma once

#include <string>

namespace kata::agent {

/// Writes what is not empty to /proc/self/attr; a kernel without the module is not an error in a
/// guest, whose policy is the virtual machine. Throws Error when the kernel has it and refuses.
void set_exec_labels(const std::string& apparmor_profile, const std::string& selinux_label);

}  // namespace kata::agent
