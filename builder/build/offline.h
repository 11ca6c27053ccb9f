// SPDX-License-Identifier: Apache-2.0
//
// `--offline`, enforced by the kernel instead of promised.
#pragma once

namespace kata::build {

/// Moves this process, and all it will start, into a network namespace without an interface; see
/// network_namespaces(7). Without root a user namespace goes with it. Call before there are
/// threads. Throws Error when the kernel refuses.
void leave_the_network();

}  // namespace kata::build
