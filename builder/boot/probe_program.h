// SPDX-License-Identifier: Apache-2.0
//
// The program that a boot test runs in its container.
#pragma once

#include <string>

namespace kata::boot {

/// The bytes of a static ELF program for x86_64 that prints what `uname -r` does and ends. It needs
/// nothing of the root that it runs in.
[[nodiscard]] std::string probe_program();

}  // namespace kata::boot
