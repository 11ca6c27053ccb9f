// SPDX-License-Identifier: Apache-2.0
//
// The docker client against the engine that `tests/support/engine up` has started. KATA_E2E_RUNTIME
// chooses the runtime of the containers: kata-runtime (the default), or `control`, which is the
// machine's runc and must pass the same cases.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/command.h"

namespace kata::test {

class Docker {
 public:
  /// Enters the engine's network namespace. Ends the test as skipped when no engine is up, as
  /// failed when one is demanded.
  Docker();
  Docker(const Docker&) = delete;
  Docker& operator=(const Docker&) = delete;
  /// Removes the containers, volumes and networks that were made through it.
  ~Docker();

  /// `docker ARGUMENTS`, whatever its status.
  CommandResult operator()(std::vector<std::string> arguments, std::string input = {});
  /// Standard output of `docker ARGUMENTS` without trailing white space. Throws Error unless the
  /// status is 0.
  std::string checked(std::vector<std::string> arguments, std::string input = {});
  /// `docker run --rm --runtime RUNTIME ARGUMENTS`, whatever its status.
  CommandResult run(std::vector<std::string> arguments, std::string input = {});
  /// `docker run -d --runtime RUNTIME ARGUMENTS`; the id. Throws Error unless it starts.
  std::string start(std::vector<std::string> arguments);
  /// `docker create`, as start().
  std::string create(std::vector<std::string> arguments);
  /// `docker network create OPTIONS NAME`; the name.
  std::string make_network(const std::string& name, std::vector<std::string> options = {});
  std::string make_volume(const std::string& name);

  /// The command of `docker ARGUMENTS`, for spawn() and PtyProcess.
  [[nodiscard]] static Command command(std::vector<std::string> arguments);
  /// {"run", "--runtime", RUNTIME} and `arguments`.
  [[nodiscard]] std::vector<std::string> run_arguments(std::vector<std::string> arguments) const;

  /// `docker inspect -f FORMAT ID`.
  std::string inspect(const std::string& id, const std::string& format);
  /// Waits until `docker logs` shows `text`; false when it does not come.
  bool wait_for_log(const std::string& id, std::string_view text,
                    std::chrono::seconds timeout = std::chrono::seconds(60));

  [[nodiscard]] const std::string& runtime() const noexcept { return runtime_; }
  /// Whether containers have a kernel of their own.
  [[nodiscard]] bool is_vm() const noexcept { return runtime_ == "kata-runtime"; }
  /// The engine's folder below /run.
  [[nodiscard]] const std::string& state() const noexcept { return state_; }
  /// The value of `name` in the engine's engine.env.
  [[nodiscard]] std::string setting(std::string_view name) const;

 private:
  std::string state_;
  std::string runtime_;
  std::vector<std::string> containers_;
  std::vector<std::string> networks_;
  std::vector<std::string> volumes_;
};

/// The body of http://ADDRESS:PORT/PATH; empty when nobody answers.
std::string http_get(const std::string& address, int port, const std::string& path);
/// The datagram that answers; empty when none does within a second.
std::string ask_by_udp(const std::string& address, int port, const std::string& question);
/// `text` without white space at its ends.
[[nodiscard]] std::string trimmed(std::string text);

}  // namespace kata::test
