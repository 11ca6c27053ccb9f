// SPDX-License-Identifier: Apache-2.0
//
// The other side of QMP, written down in the test: it answers each command by a function.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "runtime/hypervisor/qmp_client.h"

namespace kata::hypervisor {

/// What both the test and the client's transport look at.
struct Script {
  explicit Script(asio::io_context& io) : wake(io) {
    wake.expires_at(asio::steady_timer::time_point::max());
  }
  void say(const std::string& bytes) {
    incoming += bytes;
    wake.cancel();
  }
  void end() {
    is_ended = true;
    wake.cancel();
  }

  asio::steady_timer wake;
  std::string incoming = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";
  bool is_ended = false;
  std::vector<Json> commands;
  std::size_t fds = 0;
  /// The answer's text for a command; empty: none.
  std::function<std::string(const Json&)> answer = [](const Json& command) {
    return fmt::format("{{\"return\": {{}}, \"id\": {}}}\r\n", command.value("id", 0));
  };
};

class ScriptedTransport final : public QmpTransport {
 public:
  explicit ScriptedTransport(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  asio::awaitable<std::string> read_some() override {
    while (script_->incoming.empty() && !script_->is_ended) {
      asio::error_code ignored;
      co_await script_->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return std::exchange(script_->incoming, {});
  }

  asio::awaitable<void> write(std::string data, std::span<const int> fds) override {
    script_->fds += fds.size();
    const Json command = parse_json(data, "command");
    script_->commands.push_back(command);
    if (command.contains("id")) script_->say(script_->answer(command));
    co_return;
  }

  void close() noexcept override { script_->end(); }

 private:
  std::shared_ptr<Script> script_;
};

}  // namespace kata::hypervisor
