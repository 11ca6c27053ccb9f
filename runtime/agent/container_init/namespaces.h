// SPDX-License-Identifier: Apache-2.0
//
// Entering and making the namespaces of a container, see namespaces(7).
#pragma once

#include <functional>
#include <string>

namespace kata::agent::launch {
class Plan;
}

namespace kata::agent {

/// The CLONE_NEW* flag of a namespace type of config.json, or of its file in /proc/PID/ns. Throws
/// Error.
[[nodiscard]] int namespace_flag(const std::string& type);
/// Whether the plan gives the container a namespace of this type, new or joined by path.
[[nodiscard]] bool has_namespace(const launch::Plan& plan, const std::string& type);

/// Joins what the plan says to join, then makes what is new. With a new user namespace,
/// `wait_for_maps` is called while nothing else has been made yet, and the process is root in it
/// afterwards. A pid or time namespace holds only for children of the caller. Throws Error.
void enter_namespaces(const launch::Plan& plan, const std::function<void()>& wait_for_maps);

}  // namespace kata::agent
