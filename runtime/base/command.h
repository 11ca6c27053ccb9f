// SPDX-License-Identifier: Apache-2.0
//
// Running other programs: an argument vector, never a shell. CommandRunner is the seam at which
// tests put a fake.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/fd.h"

namespace kata {

struct Command {
  std::vector<std::string> argv{};  ///< argv[0] is looked up in PATH unless it has a slash
  std::optional<std::vector<std::string>>
      env{};            ///< "NAME=value"; nothing: the caller's environment
  std::string cwd{};    ///< empty: the caller's
  std::string input{};  ///< what run() feeds to standard input
  std::chrono::milliseconds timeout{
      0};  ///< run() only; 0: none. The child is killed when it passes.
  /// spawn() only: the child's descriptors {number in the child, descriptor here}; others are
  /// closed. Descriptors 0-2 that are not listed become /dev/null.
  std::vector<std::pair<int, int>> fds{};
  bool new_session = false;     ///< setsid(2) in the child
  int namespaces = 0;           ///< spawn() only: CLONE_NEW* that the child is the first in
  bool die_with_parent = true;  ///< SIGKILL when the thread that started it ends (PR_SET_PDEATHSIG)
  /// Runs in the child just before execve(2); async-signal-safe calls only; a non-zero errno value
  /// aborts the start.
  std::function<int()> before_exec{};
};

struct CommandResult {
  int status = 0;  ///< as a shell tells it: 0-255, or 128 + signal
  std::string output;
  std::string error_output;
};

/// The command line as one could paste it into a shell.
[[nodiscard]] std::string printable(const Command& command);

/// A started program. The destructor kills (SIGKILL) and reaps it unless it was reaped or detached.
class ChildProcess {
 public:
  ChildProcess() = default;
  explicit ChildProcess(pid_t pid);
  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when the child has ended.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return pid_ > 0; }
  void signal(int number) const;
  /// Waits and reaps; the status as a shell tells it. Throws Error.
  int wait();
  /// Reaps when it has ended already.
  [[nodiscard]] std::optional<int> try_wait();
  /// Gives up ownership: nobody kills or reaps it here.
  pid_t detach() noexcept;

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

class CommandRunner {
 public:
  virtual ~CommandRunner() = default;
  /// Runs to its end and collects both outputs. A non-zero status is a result, not an Error. Throws
  /// Error when the program cannot be started (not_found with the name) or exceeds its timeout
  /// (deadline_exceeded).
  virtual CommandResult run(const Command& command) = 0;
  /// As run(), with every complete line of standard output handed to `on_line` while it runs (for
  /// progress).
  virtual CommandResult run_lines(const Command& command,
                                  const std::function<void(std::string_view)>& on_line) = 0;
};

class RealCommandRunner final : public CommandRunner {
 public:
  CommandResult run(const Command& command) override;
  CommandResult run_lines(const Command& command,
                          const std::function<void(std::string_view)>& on_line) override;
};

/// Starts a program with exactly the descriptors asked for. Throws Error, the child's exec failure
/// included.
[[nodiscard]] ChildProcess spawn(const Command& command);

/// run() that throws Error for a non-zero status, with the command line, the status and the last
/// lines of stderr.
CommandResult run_checked(CommandRunner& runner, const Command& command);

/// The program's full path by PATH and the usual system folders; nothing when it is not installed.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);

}  // namespace kata
