// SPDX-License-Identifier: Apache-2.0
//
// A base repository for install roots: the host's own bash, coreutils, QEMU and what they link, as
// RPMs under the names and paths that Oracle Linux gives them, so that dnf resolves dependencies
// for real. QEMU is the host's build nevertheless: on Debian it knows devices (9p) and machines
// that Enterprise Linux's qemu-kvm leaves out.
#pragma once

#include <string>

namespace kata::test {

/// Builds the packages by the real rpmbuild and their metadata by createrepo_c in `folder`. Throws
/// Error.
void make_host_repository(const std::string& folder);

}  // namespace kata::test
