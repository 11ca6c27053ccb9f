// SPDX-License-Identifier: Apache-2.0
//
// Where a program keeps what lasts until the next boot: /run for root, the user's own folder for
// anybody else.
#pragma once

#include <string>
#include <string_view>

namespace kata {

/// Whether this process has no root's rights on the host: another user, or root of a user namespace
/// only, as Podman without root makes it. See user_namespaces(7).
[[nodiscard]] bool is_rootless(const std::string& proc = "/proc");

/// /run/NAME; $XDG_RUNTIME_DIR/NAME when is_rootless() and the variable is set.
[[nodiscard]] std::string runtime_folder(std::string_view name);

}  // namespace kata
