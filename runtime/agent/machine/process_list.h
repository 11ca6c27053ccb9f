// SPDX-License-Identifier: Apache-2.0
//
// Processes as /proc shows them, for `ps` on the host's side.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace kata::agent {

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  std::uint32_t uid = 0;
  std::string tty;                  ///< "pts/0", or "?"
  std::string state;                ///< one letter, see proc(5)
  std::uint64_t start_seconds = 0;  ///< since the epoch
  std::uint64_t cpu_milliseconds = 0;
  std::string name;  ///< the kernel's, at most 15 bytes
  std::string command;
  std::uint64_t resident_kib = 0;
  std::uint64_t virtual_kib = 0;
  pid_t container_pid = 0;  ///< in its innermost pid namespace
};

/// Nothing when the process is gone. `root` stands before /proc in tests.
[[nodiscard]] std::optional<ProcessFacts> read_process(pid_t pid, const std::string& root = "");

}  // namespace kata::agent
