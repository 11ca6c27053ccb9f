// SPDX-License-Identifier: Apache-2.0
//
// A kernel source small enough to build in a second, with the targets that katabuild asks for, and
// a workbench around it.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::test {

/// A folder with a source tarball, a fragment, a recipe, a cache and an output folder.
class Workbench {
 public:
  Workbench();
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  /// Writes the recipe with `source` as the value of the key source.
  void write_recipe(const std::string& source) const;
  /// `katabuild kernel` with this workbench's recipe, cache and output, and `more` arguments.
  [[nodiscard]] Command katabuild(const std::vector<std::string>& more = {}) const;
  CommandResult run(const std::vector<std::string>& more = {});
  /// Replaces the fragment's text.
  void write_fragment(const std::string& text) const;
  /// What is in the cache's work folder.
  [[nodiscard]] std::vector<std::string> left_behind() const;

 private:
  TempDir dir_;
};

/// Writes linux-6.1.99.tar.xz into `folder`.
void write_kernel_source(const std::string& folder);

/// A source RPM that holds the files named, made of nothing but its headers and a cpio archive.
void write_source_rpm(const std::string& to, const std::string& folder,
                      const std::vector<std::string>& names);

}  // namespace kata::test
