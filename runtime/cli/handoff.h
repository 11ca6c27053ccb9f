// SPDX-License-Identifier: Apache-2.0
//
// Standard input and outputs of a container's process, given to the sandbox process as descriptors:
// over stdio.sock, before the Create or Exec call that names them by a token.
#pragma once

#include <span>
#include <string>

#include "runtime/cli/interrupt.h"

namespace kata::cli {

/// Hands over {stdin, stdout, stderr} or {pty slave}; the token that names them. Throws Error, also
/// when `interrupt` says so.
[[nodiscard]] std::string hand_over(const std::string& sandbox_dir, std::span<const int> fds,
                                    const Interrupt& interrupt);

/// `bytes` random bytes as hexadecimal digits. Throws Error.
[[nodiscard]] std::string random_hex(unsigned bytes);

}  // namespace kata::cli
