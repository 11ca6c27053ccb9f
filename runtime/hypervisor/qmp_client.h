// SPDX-License-Identifier: Apache-2.0
//
// QEMU's control protocol: one JSON object a line, answers by id, events in between. See QEMU's
// docs/interop/qmp-spec.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/base/json.h"

namespace kata::hypervisor {

/// The byte stream to QEMU. The seam at which tests put a scripted dialogue.
class QmpTransport {
 public:
  virtual ~QmpTransport() = default;
  /// The next bytes; empty at the end of the stream. Throws Error.
  virtual asio::awaitable<std::string> read_some() = 0;
  /// Sends all; `fds` go with the first byte (SCM_RIGHTS). Throws Error.
  virtual asio::awaitable<void> write(std::string data, std::span<const int> fds) = 0;
  /// Ends a read_some() that waits.
  virtual void close() noexcept = 0;
};

/// Over one end of an AF_UNIX socket pair.
[[nodiscard]] std::unique_ptr<QmpTransport> make_socket_transport(asio::any_io_executor executor,
                                                                  UniqueFd socket);

class QmpClient {
 public:
  using EventHandler = std::function<void(const std::string& event, const Json& data)>;

  /// `on_event` is called from run(). May be empty.
  QmpClient(asio::any_io_executor executor, std::unique_ptr<QmpTransport> transport,
            EventHandler on_event = {});
  QmpClient(const QmpClient&) = delete;
  QmpClient& operator=(const QmpClient&) = delete;
  ~QmpClient();

  /// Reads the greeting, negotiates, then reads answers and events until the stream ends. To be
  /// spawned once; the object may be destroyed while it runs.
  asio::awaitable<void> run();
  /// Sends a command (from now on, or as soon as the handshake is done) and waits for its answer.
  /// Throws Error with QEMU's class and description, deadline_exceeded, or unavailable when the
  /// stream has ended.
  asio::awaitable<Json> execute(std::string command, Json arguments = Json::object(),
                                std::chrono::milliseconds deadline = std::chrono::seconds(20));
  /// Hands a descriptor over under a name (getfd), for netdev_add and such.
  asio::awaitable<void> send_fd(std::string name, int fd);
  /// Ends run(); commands that wait end with unavailable.
  void close() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kata::hypervisor
