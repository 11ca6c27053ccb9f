// SPDX-License-Identifier: Apache-2.0
//
// What programs watch with inotify(7), read from /proc/PID/fdinfo; see proc(5).
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kata::agent {

/// A watched file or folder: where it is, and the handle that names it there.
struct InodeMark {
  std::uint64_t device = 0;  ///< major << 20 | minor, as the kernel keeps it
  int handle_type = 0;
  std::string handle;
  auto operator<=>(const InodeMark&) const = default;
};

/// The marks in the text of an inotify descriptor's fdinfo; lines without a handle are left out.
[[nodiscard]] std::vector<InodeMark> parse_marks(std::string_view fdinfo);

/// Those of all processes but `but` on the host's files, each with a path by which this process
/// reaches a mount of its file system: a container's mounts are in no other mount namespace. `root`
/// stands before /proc in tests.
[[nodiscard]] std::map<InodeMark, std::string> marks_of_processes(const std::set<pid_t>& but,
                                                                  const std::string& root = "");

/// Where a file system of the host's files (virtio-fs) is mounted.
struct SharedMount {
  std::uint64_t device = 0;  ///< as of InodeMark
  std::string path;
  auto operator<=>(const SharedMount&) const = default;
};

/// Those in the text of mountinfo, in its order: as they were mounted.
[[nodiscard]] std::vector<SharedMount> shared_mounts(std::string_view mountinfo);

}  // namespace kata::agent
