// SPDX-License-Identifier: Apache-2.0
//
// libguestfs keeps its sockets in a folder of their own, which stays when katabuild is killed:
// root's always in /tmp, other users' where XDG_RUNTIME_DIR says.
#pragma once

#include <string>

namespace kata::guestfs {

/// Where an appliance's sockets may be: `work`, or /tmp when a socket's path would be too long
/// there.
[[nodiscard]] std::string socket_parent(const std::string& work);
/// Removes folders of sockets in `parent` that are this user's, hold nothing else, and belong to no
/// appliance that starts: none of their sockets is open, and they are not of this minute. Throws
/// nothing.
void remove_stale_sockets(const std::string& parent = "/tmp") noexcept;

}  // namespace kata::guestfs
