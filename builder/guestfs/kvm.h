// SPDX-License-Identifier: Apache-2.0
//
// Whether /dev/kvm is of use for an appliance: some virtual machines offer one that opens, and in
// which an ordinary kernel hangs.
#pragma once

#include <string>

namespace kata::guestfs {

struct KvmFinding {
  bool works = false;
  std::string reason;  ///< "no /dev/kvm", ...
};

/// `root` is where /dev and /proc are looked for; empty: the real ones.
[[nodiscard]] KvmFinding find_kvm(const std::string& root = {});

}  // namespace kata::guestfs
