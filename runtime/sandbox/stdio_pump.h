// SPDX-License-Identifier: Apache-2.0
//
// Carries one process's standard streams between the engine's descriptors and the agent. Output is
// pulled by ReadStdout and ReadStderr, so a reader that is slow blocks only its own process, as a
// full pipe would.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/sandbox/agent_client.h"
#include "runtime/sandbox/host_stream.h"
#include "runtime/sandbox/latch.h"

namespace kata::sandbox {

/// The engine's ends. Any may be empty. With a terminal `in` and `out` are the same pty's slave and
/// `err` is empty.
struct StdioFds {
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
};

/// Whether the process can be given /dev/null for its standard input: there is none, or it is just
/// that. Some programs take a pipe for something to read.
[[nodiscard]] bool has_null_input(const StdioFds& fds);

/// Which process of which container, in the agent's words.
struct ProcessName {
  std::string container_id;
  std::string exec_id;
};

class StdioPump : public std::enable_shared_from_this<StdioPump> {
 public:
  StdioPump(asio::any_io_executor executor, std::shared_ptr<AgentClient> agent, ProcessName name,
            StdioFds fds, bool terminal);

  /// Starts the loops; call once.
  void start();
  /// Parked until both outputs have reached end of file and everything read has been written.
  asio::awaitable<bool> drained(std::chrono::milliseconds limit);
  /// Tells the process end of file on its standard input (engines' CloseIO).
  void close_stdin();
  /// The process has ended: nothing is read for it any more.
  void end_stdin();
  /// Gives up on everything, calls that the agent has not answered and the engine's descriptors
  /// included.
  void abandon();

 private:
  /// Runs `loop`, which ends when `stop` is emitted.
  void spawn(asio::awaitable<void> loop, asio::cancellation_signal& stop);
  asio::awaitable<void> pump_in();
  asio::awaitable<void> pump_out(bool is_stderr);
  asio::awaitable<void> write_out(bool is_stderr, wire::ReceivedBytes data,
                                  std::shared_ptr<Latch> written);
  asio::awaitable<void> send_close_stdin();
  void log_end(std::string_view stream, const Error& error) const;

  asio::any_io_executor executor_;
  std::shared_ptr<AgentClient> agent_;
  ProcessName name_;
  std::optional<HostStream> in_;
  std::optional<HostStream> out_;
  std::optional<HostStream> err_;
  asio::cancellation_signal stop_in_;
  asio::cancellation_signal stop_out_;
  asio::cancellation_signal stop_err_;
  Latch drained_;
  int open_outputs_ = 0;
  bool ended_ = false;
};

}  // namespace kata::sandbox
