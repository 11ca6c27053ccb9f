// SPDX-License-Identifier: Apache-2.0
#include "builder/guestfs/kvm.h"

#include <unistd.h>

#include <optional>

#include "runtime/base/io.h"

namespace kata::guestfs {

KvmFinding find_kvm(const std::string& root) {
  const std::string device = root + "/dev/kvm";
  if (::access(device.c_str(), F_OK) != 0) return {.works = false, .reason = "no /dev/kvm"};
  if (::access(device.c_str(), R_OK | W_OK) != 0)
    return {.works = false, .reason = "/dev/kvm may not be opened"};
  const std::string cpus = read_file_if_exists(root + "/proc/cpuinfo").value_or("");
  for (const char* flag : {" vmx", " svm"}) {
    const std::size_t at = cpus.find(flag);
    if (at == std::string::npos) continue;
    const char after = at + 4 < cpus.size() ? cpus[at + 4] : '\n';
    if (after == ' ' || after == '\n') return {.works = true, .reason = "KVM"};
  }
  return {.works = false,
          .reason = "/dev/kvm runs no ordinary guests: the processor shows neither vmx nor svm"};
}

}  // namespace kata::guestfs
