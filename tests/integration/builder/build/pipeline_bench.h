// SPDX-License-Identifier: Apache-2.0
//
// ci/pipelines/steps on the tiny source tree, as a pipeline's runner would call it: an environment
// of its own, a key with a passphrase, a folder to publish to.
#pragma once

#include <map>
#include <string>

#include "tests/integration/builder/build/build_bench.h"

namespace kata::test {

class PipelineBench {
 public:
  PipelineBench();
  [[nodiscard]] const BuildBench& build() const { return build_; }
  [[nodiscard]] std::string path(const std::string& name) const { return build_.path(name); }
  /// A variable of the steps' environment.
  void set(const std::string& name, const std::string& value) { environment_[name] = value; }
  void unset(const std::string& name) { environment_.erase(name); }
  /// `ci/pipelines/steps STEPS` ("fetch", "install kernel"). Checks that it left no secret behind,
  /// in a file or in what it said.
  CommandResult run(const std::string& steps);
  /// run(), which must do it.
  std::string run_well(const std::string& steps);
  /// The command that run() runs.
  [[nodiscard]] Command command(const std::string& steps) const;

 private:
  BuildBench build_;
  std::map<std::string, std::string> environment_;
};

}  // namespace kata::test
