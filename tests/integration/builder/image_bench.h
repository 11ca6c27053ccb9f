// SPDX-License-Identifier: Apache-2.0
//
// `katabuild image` as a program, with a recipe and a cache of its own.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "builder/archive/archive_reader.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::test {

/// `katabuild image` of a recipe into a file, with a cache of its own.
[[nodiscard]] Command image_command(const std::string& recipe, const std::string& output,
                                    const std::string& cache, const std::string& agent);

/// Polls until `condition` holds; false when it does not within `limit`.
template <typename Condition>
bool comes_true(std::chrono::seconds limit, Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // what is waited for may be short
  }
  return condition();
}

class ImageBench {
 public:
  [[nodiscard]] std::string path(const std::string& name = "") const {
    return dir_.path() + "/" + name;
  }
  /// Writes r.yaml: `text` is everything but the name; not compressed.
  void write_recipe(const std::string& text) const;
  /// `katabuild image` of r.yaml into out/i.img.
  [[nodiscard]] Command command(const std::vector<std::string>& more = {}) const;
  CommandResult run(const std::vector<std::string>& more = {}) const;
  /// What is in out/i.img.
  [[nodiscard]] std::map<std::string, archive::Entry> entries() const;
  /// A file's bytes in out/i.img.
  [[nodiscard]] std::string text(const std::string& path) const;
  /// Everything that a build leaves besides results: folders of work, processes of sandboxes.
  [[nodiscard]] std::string left_behind() const;

  std::string agent = "/bin/busybox";  ///< any static program will do

 private:
  TempDir dir_;
};

}  // namespace kata::test
