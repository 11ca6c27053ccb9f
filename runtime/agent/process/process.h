// SPDX-License-Identifier: Apache-2.0
//
// One process of a container as the host sees it: its streams and, sooner or later, its exit
// status, which is kept for whoever asks later.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>

#include "runtime/agent/container/container.h"
#include "runtime/agent/process/event.h"
#include "runtime/agent/process/stream.h"

namespace kata::agent {

class Process : public std::enable_shared_from_this<Process> {
 public:
  /// Takes the streams; the pidfd is duplicated, for Container keeps its own.
  Process(const asio::any_io_executor& executor, StartedProcess& started, std::size_t pipe_size);
  /// Starts to wait for the end in the background; once, right after make_shared.
  void watch();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// The exit status as a shell tells it, once it has ended and was reaped.
  [[nodiscard]] std::optional<int> status() const noexcept { return status_; }
  /// Parked until the process has ended; any number of callers.
  [[nodiscard]] asio::awaitable<int> wait();
  /// As wait(), for at most `seconds`; nothing when they passed.
  [[nodiscard]] asio::awaitable<std::optional<int>> wait_for(unsigned seconds);
  /// Takes the status when it has ended already; PID 1's reaper calls it so that nobody else takes
  /// the status away.
  void reap();
  /// Throws Error(not_found) when it has ended.
  void signal(int number);

  /// Each throws Error(failed_precondition) when the process has no such stream.
  [[nodiscard]] Stream& input();
  [[nodiscard]] Stream& output();
  [[nodiscard]] Stream& error_output();
  [[nodiscard]] Stream& console();
  [[nodiscard]] bool has_input() const noexcept { return console_ || in_; }
  [[nodiscard]] bool has_console() const noexcept { return console_ != nullptr; }
  /// Ends parked reads and writes.
  void close_streams();

 private:
  asio::awaitable<void> wait_for_end(std::shared_ptr<Process> self);

  asio::any_io_executor executor_;
  pid_t pid_;
  UniqueFd pidfd_;
  std::unique_ptr<Stream> in_, out_, err_, console_;
  std::optional<int> status_;
  Event ended_;
};

}  // namespace kata::agent
