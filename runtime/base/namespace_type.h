// SPDX-License-Identifier: Apache-2.0
//
// The kinds of namespaces, see namespaces(7), and which namespace a file of one is.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace kata {

struct NamespaceType {
  std::string_view name;  ///< in config.json
  std::string_view file;  ///< in /proc/PID/ns
  int flag;               ///< CLONE_NEW*
};

/// In the order in which a process can join them: with the user's, rights over the others go.
inline constexpr std::array<NamespaceType, 8> kNamespaceTypes = {{
    {"cgroup", "cgroup", CLONE_NEWCGROUP},
    {"ipc", "ipc", CLONE_NEWIPC},
    {"uts", "uts", CLONE_NEWUTS},
    {"network", "net", CLONE_NEWNET},
    {"pid", "pid", CLONE_NEWPID},
    {"time", "time", CLONE_NEWTIME},
    {"mount", "mnt", CLONE_NEWNS},
    {"user", "user", CLONE_NEWUSER},
}};

/// The type that config.json calls by this name, or nullptr.
[[nodiscard]] constexpr const NamespaceType* namespace_type(std::string_view name) noexcept {
  for (const NamespaceType& type : kNamespaceTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

/// Device and inode: two files of the same namespace have the same.
using NamespaceIdentity = std::optional<std::pair<dev_t, ino_t>>;
/// Nothing when there is no such file, or none is named.
[[nodiscard]] NamespaceIdentity namespace_identity(const std::string& path) noexcept;

}  // namespace kata
