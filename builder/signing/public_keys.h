// SPDX-License-Identifier: Apache-2.0
//
// Public keys in files: what others check our signatures against.
#pragma once

#include <string>
#include <vector>

#include "builder/signing/key_list.h"
#include "runtime/base/command.h"

namespace kata::signing {

/// The keys in `path`, in ASCII armour or not. Throws Error when it holds none.
[[nodiscard]] std::vector<KeyFacts> read_public_keys(const std::string& path,
                                                     CommandRunner& runner);

}  // namespace kata::signing
