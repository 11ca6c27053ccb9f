// SPDX-License-Identifier: Apache-2.0
//
// The system call filter of config.json, built and loaded by libseccomp.
#pragma once

namespace grpc {
class LinuxSeccomp;
}

namespace kata::agent {

/// Throws Error(invalid_argument) for actions, operators, architectures or flags that nobody knows;
/// unknown system call names are skipped, as runc does, since profiles name calls of many kernels.
void check_seccomp(const grpc::LinuxSeccomp& profile);
/// Builds the filter and loads it into the calling process. Throws Error.
void load_seccomp(const grpc::LinuxSeccomp& profile);

}  // namespace kata::agent
