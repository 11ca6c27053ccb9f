// SPDX-License-Identifier: Apache-2.0
//
// `run` and `exec` without --detach: this program stays, passes its own signals and terminal on,
// and takes the status of the relay as its own.
#pragma once

#include "runtime/base/command.h"

namespace kata::cli {

/// Waits for the relay's end and returns its status. `master` is the pty's master when the user's
/// terminal (descriptors 0 and 1) is to be carried to the container's; -1 otherwise. Throws Error.
int follow(ChildProcess& relay, int master);

}  // namespace kata::cli
