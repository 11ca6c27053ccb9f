// SPDX-License-Identifier: Apache-2.0
//
// Where the image's own dynamic loader finds a library, as ld.so(8) does it: RPATH, RUNPATH, the
// folders of /etc/ld.so.conf, the standard ones, and in each the variants for newer processors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Who asks for a library.
struct Searcher {
  std::uint16_t machine = 0;            ///< libraries for another one are passed over
  std::vector<std::string> rpaths{};    ///< of itself and of what loaded it, $ORIGIN replaced
  std::vector<std::string> runpaths{};  ///< its own; when there are any, rpaths are not asked
};

/// The folders of an RPATH or RUNPATH of a file in `folder` (absolute), $ORIGIN and $LIB replaced.
[[nodiscard]] std::vector<std::string> search_folders(std::string_view list,
                                                      std::string_view folder);

class LibrarySearch {
 public:
  /// Reads the loader's configuration from the tree, which must outlive the search. Throws Error.
  explicit LibrarySearch(const Tree& tree);
  /// The paths at which the library is found: the one that every processor takes last, before it
  /// those of glibc-hwcaps. Empty: nowhere.
  [[nodiscard]] std::vector<std::string> find(const std::string& name,
                                              const Searcher& searcher) const;

 private:
  void read_configuration(const std::string& path, int depth);
  void add_folders_of(const Tree& tree, const char* path);
  [[nodiscard]] bool fits(const std::string& path, std::uint16_t machine) const;

  const Tree& tree_;
  std::vector<std::string> folders_;
};

}  // namespace kata::rootfs
