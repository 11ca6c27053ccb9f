// SPDX-License-Identifier: Apache-2.0
//
// The real podman with the configuration that `tests/support/podman-engine up` has written.
// KATA_E2E_RUNTIME=control runs the containers on the machine's runc, which must pass the same
// cases.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/command.h"

namespace kata::test {

class Podman {
 public:
  /// Enters the engine's network namespace. Ends the test as skipped when there is none, as failed
  /// when one is demanded.
  Podman();
  Podman(const Podman&) = delete;
  Podman& operator=(const Podman&) = delete;
  /// Removes the pods and containers that were made through it.
  ~Podman();

  /// `podman ARGUMENTS`, whatever its status.
  CommandResult operator()(std::vector<std::string> arguments, std::string input = {});
  /// Standard output of `podman ARGUMENTS` without trailing white space. Throws Error unless the
  /// status is 0.
  std::string checked(std::vector<std::string> arguments, std::string input = {});
  /// `podman --runtime RUNTIME run --rm ARGUMENTS`, whatever its status.
  CommandResult run(std::vector<std::string> arguments, std::string input = {});
  /// `podman --runtime RUNTIME run -d ARGUMENTS`; the id. Throws Error unless it starts.
  std::string start(std::vector<std::string> arguments);
  /// `podman pod create ARGUMENTS`; the id. Throws Error.
  std::string make_pod(std::vector<std::string> arguments);

  /// The command of `podman --runtime RUNTIME ARGUMENTS`, for PtyProcess.
  [[nodiscard]] Command command(std::vector<std::string> arguments) const;
  /// `podman inspect -f FORMAT ID`.
  std::string inspect(const std::string& id, const std::string& format);
  /// Waits until `podman logs` shows `text`; false when it does not come.
  bool wait_for_log(const std::string& id, std::string_view text);

  /// Whether containers have a kernel of their own.
  [[nodiscard]] bool is_vm() const noexcept { return runtime_ == "kata-runtime"; }
  /// The engine's folder below /run.
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  /// The engine's folder for images and containers.
  [[nodiscard]] std::string data() const;

 private:
  std::string state_;
  std::string runtime_;
  std::vector<std::string> containers_;
  std::vector<std::string> pods_;
};

}  // namespace kata::test
