// SPDX-License-Identifier: Apache-2.0
//
// An OCI bundle made by hand and the runtime's command line on it.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "tests/support/docker.h"

namespace kata::test {

class OciRuntime {
 public:
  /// The runtime of `docker`, with a --root of its own below the engine's folder.
  explicit OciRuntime(const Docker& docker);
  /// Deletes the containers that are left.
  ~OciRuntime();
  OciRuntime(const OciRuntime&) = delete;
  OciRuntime& operator=(const OciRuntime&) = delete;

  /// `RUNTIME --root DIR ARGUMENTS`. Standard output and error of the containers go with it.
  CommandResult operator()(std::vector<std::string> arguments);
  /// As above, run by another program: `strace -o FILE RUNTIME ...`.
  CommandResult under(std::vector<std::string> program, std::vector<std::string> arguments);
  /// As the first, with `input` as its standard input.
  CommandResult told(const std::string& input, std::vector<std::string> arguments);
  /// As the first; whether the status is 0, else prints why.
  bool ok(std::vector<std::string> arguments);
  [[nodiscard]] std::string status_of(const std::string& id);
  /// The cgroups of a container whose bundle names none.
  [[nodiscard]] static std::vector<std::string> cgroups_of(const std::string& id);
  /// A busybox root and the runtime's own `spec` with `args`.
  void write_bundle(const std::vector<std::string>& args);

  [[nodiscard]] const std::string& folder() const noexcept { return folder_.path(); }
  [[nodiscard]] std::string bundle() const { return folder_.path() + "/bundle"; }
  /// The path of the runtime's program, and another one for the calls to come.
  [[nodiscard]] const std::string& program() const noexcept { return program_; }
  void use_program(const std::string& path) { program_ = path; }
  /// KATA_CONF_FILE of the calls to come.
  void use_configuration(const std::string& path) { configuration_ = path; }
  [[nodiscard]] const std::string& configuration() const noexcept { return configuration_; }

 private:
  CommandResult run(std::vector<std::string> argv, int input);

  TempDir folder_;
  std::string program_;
  std::string configuration_;
  std::string marker_;
};

}  // namespace kata::test
