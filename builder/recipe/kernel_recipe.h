// SPDX-License-Identifier: Apache-2.0
//
// What a kernel's recipe says, as plain values: every default filled in, every path absolute. The
// stages take these by const reference and never see YAML. docs/recipe.md describes the file
// format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kata::recipe {

enum class SourceKind { package, tarball, srpm };

/// Where the kernel's source comes from: exactly one of package, path and url is set.
struct KernelSource {
  SourceKind kind = SourceKind::package;
  std::string package;
  std::string path;
  std::string url;
  std::string sha256;                ///< empty: not checked; never empty with a url
  std::vector<std::string> patches;  ///< srpm only: names of files within it, applied in order
};

struct KernelRecipe {
  std::string file;  ///< the recipe itself, for messages
  std::string name;
  KernelSource source;
  std::string arch = "x86_64";
  std::string compiler = "gcc";
  std::string localversion;  ///< empty: what the fragments say
  std::vector<std::string> fragments;
  std::vector<std::string> patches;
  std::int64_t timestamp = 0;  ///< seconds since 1970; SOURCE_DATE_EPOCH wins over it
  bool strip = true;
  bool require_pvh = true;           ///< fail when vmlinux lacks the note that QEMU boots it by
  std::uint64_t expected_steps = 0;  ///< for the progress bar of a first build; 0: unknown
};

}  // namespace kata::recipe
