// SPDX-License-Identifier: Apache-2.0
//
// A source tree with everything `katabuild build` takes, small enough to be built in seconds: the
// packages' templates and recipe are those that are shipped.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"

namespace kata::test {

class BuildBench {
 public:
  BuildBench();
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  /// `katabuild build` of the recipe build.yaml into the folder out, with `more` arguments.
  [[nodiscard]] Command katabuild(const std::vector<std::string>& more = {}) const;
  CommandResult build(const std::vector<std::string>& more = {}) const;
  /// `katabuild verify` with the bench's cache.
  CommandResult verify(const std::vector<std::string>& arguments) const;
  /// Replaces the recipe; `more` is added at its end.
  void write_recipe(const std::string& more = "") const;
  /// Writes the programs' source with `text` in it.
  void write_program(const std::string& text) const;
  /// The stage's entry in out/report.json.
  [[nodiscard]] Json stage(const std::string& name) const;
  /// The folder of the newest snapshot of el9/ARCHITECTURE.
  [[nodiscard]] std::string latest(const std::string& architecture = "x86_64") const;

 private:
  TempDir dir_;
};

}  // namespace kata::test
