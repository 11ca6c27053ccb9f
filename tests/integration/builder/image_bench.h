// SPDX-License-Identifier: Apache-2.0
//
// `katabuild image` as a program, with a recipe and a cache of its own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/archive/archive_reader.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::test {

class ImageBench {
 public:
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return dir_.path() + "/" + name;
  }
  /// Writes r.yaml: `text` is everything but the name; not compressed.
  void write_recipe(const std::string& text) const;
  /// `katabuild image` of r.yaml into out/i.img.
  CommandResult run(const std::vector<std::string>& more = {}) const;
  /// What is in out/i.img.
  [[nodiscard]] std::map<std::string, archive::Entry> entries() const;
  /// A file's bytes in out/i.img.
  [[nodiscard]] std::string text(const std::string& path) const;
  /// Everything that a build leaves besides results: folders of work, processes of sandboxes.
  [[nodiscard]] std::string left_behind() const;

 private:
  TempDir dir_;
};

}  // namespace kata::test
