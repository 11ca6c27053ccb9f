// SPDX-License-Identifier: Apache-2.0
//
// What programs need to run: their interpreter, their libraries, the libraries of those, and the
// links on the way to each. Every file remembers who asked for it.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "builder/rootfs/shape/library_search.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// Why a file is needed.
struct Reason {
  std::string from;  ///< the path that asked for it; empty: the recipe did
  std::string how;   ///< "needs libc.so.6", "its interpreter", "link"; of the recipe: which key
};

/// Something that was asked for and is not there.
struct Miss {
  std::string from;  ///< the program or library
  std::string name;  ///< what it needs
  std::string how;
};

/// A program, a shared library, or an executable script.
[[nodiscard]] bool is_program(const Node& node);

class Closure {
 public:
  /// `tree` must outlive the closure, unchanged.
  explicit Closure(const Tree& tree);
  /// Keeps the file that `path` leads to, the links on the way and all that it needs. What is
  /// missing is in misses(). Throws Error for a damaged ELF file, naming who asked for it.
  void add(const std::string& path, const Reason& reason);
  /// A library by the name that dlopen(3) gets. False when there is none.
  bool add_library(const std::string& name, const Reason& reason);

  /// Needed files and links, each with the first that asked for it.
  [[nodiscard]] const std::map<std::string, Reason>& kept() const noexcept { return kept_; }
  /// A library that nothing finds but that is loaded for another one already is no miss.
  [[nodiscard]] std::vector<Miss> misses() const;

 private:
  struct Item {
    std::string path;                 ///< of the file itself
    std::string opened_as;            ///< with links in it: $ORIGIN is its folder
    std::vector<std::string> rpaths;  ///< of what loaded it
  };
  void enqueue(const std::string& path, const Reason& reason, std::vector<std::string> rpaths);
  void follow_all();
  void follow(const Item& item);
  void follow_script(const Item& item, const std::string& head);
  void need_file(const Item& item, const std::string& name, const std::string& how);

  const Tree& tree_;
  LibrarySearch search_;
  std::deque<Item> queue_;
  std::map<std::string, Reason> kept_;
  std::map<std::string, std::string> loaded_;  ///< names of what is kept, and their paths
  std::vector<Miss> misses_;
};

/// How the closure came to keep `path`, the recipe's word first, one step a line.
[[nodiscard]] std::vector<std::string> chain_of(const std::map<std::string, Reason>& kept,
                                                const std::string& path);

}  // namespace kata::rootfs
