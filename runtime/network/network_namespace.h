// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces by descriptor, and running a piece of code inside one. See
// network_namespaces(7).
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "runtime/base/fd.h"

namespace kata::network {

/// Opens /run/netns/NAME, /proc/PID/ns/net, ... Throws Error(not_found) when it is gone,
/// invalid_argument when the file is no network namespace.
[[nodiscard]] UniqueFd open_network_namespace(const std::string& path);
/// A new namespace without a name, its loopback down; it ends with the last descriptor. Throws
/// Error.
[[nodiscard]] UniqueFd create_network_namespace();
/// Whether `path` is the namespace of PID 1 or of the calling thread: what `--net=host` asks for.
/// False when it is gone.
[[nodiscard]] bool is_host_namespace(const std::string& path, const std::string& proc = "/proc");

/// Runs `action` inside the namespace, whatever it throws; the caller stays in its own. The process
/// aborts when its thread cannot go back: to go on in a foreign namespace would do damage.
void in_namespace(int namespace_fd, const std::function<void()>& action);

/// As above, for an action with a result.
template <typename Action>
auto result_in_namespace(int namespace_fd, Action&& action) -> decltype(action()) {
  decltype(action()) result{};
  in_namespace(namespace_fd, [&] { result = action(); });
  return result;
}

}  // namespace kata::network
