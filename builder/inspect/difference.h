// SPDX-License-Identifier: Apache-2.0
//
// What is different in two images, by their files and packages; times do not count.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/inspect/inspection.h"
#include "runtime/base/json.h"

namespace kata::inspect {

enum class ChangeKind { added, removed, changed };

struct FileChange {
  ChangeKind kind = ChangeKind::changed;
  std::string path;  ///< with a leading slash
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  std::string what;  ///< of a changed one: "content", "mode 0644 -> 0755"
};

struct PackageChange {
  std::string name;
  std::string before;  ///< versions; empty: not there
  std::string after;
};

struct Difference {
  std::vector<FileChange> files;
  std::vector<PackageChange> packages;
  std::int64_t growth = 0;  ///< of all files together, in bytes
  bool same_bytes = false;  ///< the images are the same, to the byte

  [[nodiscard]] bool is_empty() const noexcept { return files.empty() && packages.empty(); }
};

[[nodiscard]] Difference compare(const Inspection& before, const Inspection& after);
/// Lines for a terminal; at most `rows` files (0: all).
[[nodiscard]] std::string text_of(const Difference& difference, std::size_t rows);
[[nodiscard]] Json json_of(const Difference& difference);

}  // namespace kata::inspect
