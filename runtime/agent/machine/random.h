// SPDX-License-Identifier: Apache-2.0
//
// The guest's random number generator; see random(4).
#pragma once

#include <string_view>

namespace kata::agent {

/// Mixes the host's bytes into the pool, counted as entropy, and makes the generator take a new
/// seed from it: two guests restored from one template must not draw the same numbers. Throws
/// Error.
void reseed_random(std::string_view bytes);

}  // namespace kata::agent
