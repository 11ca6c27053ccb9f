// SPDX-License-Identifier: Apache-2.0
//
// What takes the space in an image, and what in it may do more than its user.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/inspect/inspection.h"

namespace kata::inspect {

/// Bytes of a name of the image in one line for people.
inline constexpr std::size_t kLongestLine = 4096;

struct Share {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t files = 0;
};

struct Privileged {
  std::string path;  ///< with a leading slash
  std::string what;  ///< "setuid", "setgid", "cap_net_raw=ep"
  unsigned uid = 0;
  unsigned gid = 0;
};

struct Summary {
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t links = 0;
  std::uint64_t devices = 0;      ///< pipes and sockets, too
  std::uint64_t size = 0;         ///< of the files, each counted once
  std::vector<Share> largest;     ///< files, the largest first
  std::vector<Share> by_folder;   ///< folders at the top, /usr and /var by those in them
  std::vector<Share> by_package;  ///< empty without packages; "(no package)" for the rest
  std::vector<Privileged> privileged;
};

/// `largest` is how many files are told of.
[[nodiscard]] Summary summarize(const Inspection& inspection, std::size_t largest);
/// "initrd: cpio in lz4", "disk: raw, GPT, erofs and verity".
[[nodiscard]] std::string format_text(const Inspection& inspection);
/// "1234 bytes", "12.3 kB", "4.5 MB".
[[nodiscard]] std::string size_text(std::uint64_t size);
/// "-rwsr-xr-x", as ls(1) tells it.
[[nodiscard]] std::string mode_text(const archive::Entry& entry);

}  // namespace kata::inspect
