// SPDX-License-Identifier: Apache-2.0
//
// The system call filter of config.json ("seccomp" of the OCI runtime specification): compiled by
// libseccomp, on the host where that is quick, and loaded in the guest.
#pragma once

#include <string>
#include <string_view>

namespace grpc {
class LinuxSeccomp;
}

namespace kata::seccomp {

/// Throws Error(invalid_argument) for actions, operators, architectures or flags that nobody knows;
/// unknown system call names are skipped, as runc does, since profiles name calls of many kernels.
void check_profile(const grpc::LinuxSeccomp& profile);

/// The filter as an array of struct sock_filter (8 bytes each, see bpf(4) and seccomp(2)) for this
/// machine's architecture. Throws Error.
[[nodiscard]] std::string compile_profile(const grpc::LinuxSeccomp& profile);

/// Loads the profile's program, compiled now if it holds none, into the calling process, with the
/// profile's flags. no_new_privs is the caller's. Throws Error.
void load_profile(const grpc::LinuxSeccomp& profile);

}  // namespace kata::seccomp
