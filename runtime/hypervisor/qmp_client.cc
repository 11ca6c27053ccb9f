// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qmp_client.h"

#include <fcntl.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/log.h"

namespace kata::hypervisor {
namespace {

// The longest answer we ask for (query-cpus-fast of 1024 CPUs) is far below.
constexpr std::size_t kMaxLine = 1U << 20;
constexpr std::size_t kMaxText = 300;

struct Pending {
  explicit Pending(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;  ///< cancelled when there is an outcome
  std::optional<Json> value;
  std::optional<Error> error;
};

struct Outgoing {
  std::string text;
  UniqueFd fd{};
};

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>().substr(0, kMaxText);
}

// GCC 12 miscompiles initialiser lists inside coroutines, so the messages are built outside of
// them.
Json command_message(const std::string& command, std::uint64_t id, Json arguments) {
  Json message = {{"execute", command}, {"id", id}};
  if (!arguments.empty()) message["arguments"] = std::move(arguments);
  return message;
}

Json fd_name(std::string name) { return {{"fdname", std::move(name)}}; }

Error error_from(const Json& description) {
  const std::string kind = description.is_object() ? text_of(description, "class") : "";
  const std::string text = description.is_object() ? text_of(description, "desc") : "";
  Code code = Code::internal;
  if (kind == "CommandNotFound") code = Code::unimplemented;
  if (kind == "DeviceNotFound") code = Code::not_found;
  return Error(code, fmt::format("QEMU: {} ({})", text, kind));
}

}  // namespace

struct QmpClient::State {
  State(asio::any_io_executor its_executor, std::unique_ptr<QmpTransport> its_transport,
        EventHandler its_handler)
      : executor(std::move(its_executor)),
        transport(std::move(its_transport)),
        on_event(std::move(its_handler)) {}

  asio::any_io_executor executor;
  std::unique_ptr<QmpTransport> transport;
  EventHandler on_event;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending;
  std::deque<Outgoing> outbox;
  bool is_writing = false;
  bool is_closed = false;

  void fail_all(const std::string& why) {
    is_closed = true;
    for (const auto& [id, waiting] : std::exchange(pending, {})) {
      waiting->error = Error(Code::unavailable, why);
      waiting->timer.cancel();
    }
  }

  void handle(const Json& message) {
    if (!message.is_object()) throw_error(Code::data_loss, "QMP message that is no object");
    if (message.contains("event")) {
      const EventHandler handler = on_event;  // which may close this client
      if (handler) handler(text_of(message, "event"), message.value("data", Json::object()));
      return;
    }
    const auto id = message.find("id");
    if (id == message.end() || !id->is_number_unsigned()) return;  // the greeting
    const auto found = pending.find(id->get<std::uint64_t>());
    if (found == pending.end()) return;  // its deadline has passed
    const std::shared_ptr<Pending> waiting = found->second;
    pending.erase(found);
    if (message.contains("error")) {
      waiting->error = error_from(message["error"]);
    } else {
      waiting->value = message.value("return", Json());
    }
    waiting->timer.cancel();
  }

  /// Handles the whole lines at the front of `buffer`.
  void handle_lines(std::string& buffer) {
    std::size_t begin = 0;
    for (std::size_t end = buffer.find('\n'); end != std::string::npos;
         end = buffer.find('\n', begin)) {
      const std::string_view line(buffer.data() + begin, end - begin);
      begin = end + 1;
      if (line.find_first_not_of(" \r\t") != std::string_view::npos) {
        log::trace("qmp received line={}", line);
        handle(parse_json(line, "QMP"));
      }
    }
    buffer.erase(0, begin);
    if (buffer.size() > kMaxLine)
      throw_error(Code::resource_exhausted, "QMP line over {} bytes", kMaxLine);
  }

  // The coroutines own the state, so that they outlive the client.
  static asio::awaitable<void> read_loop(std::shared_ptr<State> self);
  static asio::awaitable<void> write_loop(std::shared_ptr<State> self);
  static void send(const std::shared_ptr<State>& self, Outgoing message);
  static asio::awaitable<Json> execute(std::shared_ptr<State> self, std::string command,
                                       Json arguments, UniqueFd fd,
                                       std::chrono::milliseconds deadline);
};

asio::awaitable<void> QmpClient::State::read_loop(std::shared_ptr<State> self) {
  std::string buffer;
  std::string why = "QEMU has closed its QMP connection";
  try {
    while (!self->is_closed) {
      const std::string bytes = co_await self->transport->read_some();
      if (bytes.empty()) break;
      buffer += bytes;
      self->handle_lines(buffer);
    }
  } catch (const Error& error) {
    why = error.what();
  }
  self->fail_all(why);
}

asio::awaitable<void> QmpClient::State::write_loop(std::shared_ptr<State> self) {
  try {
    while (!self->outbox.empty() && !self->is_closed) {
      const Outgoing next = std::move(self->outbox.front());
      self->outbox.pop_front();
      const int fd = next.fd.get();
      log::trace("qmp sent line={}", next.text);
      co_await self->transport->write(next.text + "\n", std::span(&fd, next.fd ? 1U : 0U));
    }
  } catch (const Error& error) {
    self->fail_all(error.what());
  }
  self->is_writing = false;
}

void QmpClient::State::send(const std::shared_ptr<State>& self, Outgoing message) {
  self->outbox.push_back(std::move(message));
  if (std::exchange(self->is_writing, true)) return;
  asio::co_spawn(self->executor, write_loop(self), asio::detached);
}

asio::awaitable<Json> QmpClient::State::execute(std::shared_ptr<State> self, std::string command,
                                                Json arguments, UniqueFd fd,
                                                std::chrono::milliseconds deadline) {
  if (self->is_closed) throw_error(Code::unavailable, "QMP {}: QEMU has ended", command);
  const std::uint64_t id = ++self->last_id;
  const Json message = command_message(command, id, std::move(arguments));
  const auto waiting = std::make_shared<Pending>(self->executor);
  self->pending.emplace(id, waiting);
  waiting->timer.expires_after(deadline);
  Outgoing outgoing;
  outgoing.text = message.dump();
  outgoing.fd = std::move(fd);
  send(self, std::move(outgoing));
  asio::error_code ignored;
  co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (waiting->value) co_return std::move(*waiting->value);
  if (!waiting->error) {
    self->pending.erase(id);
    throw_error(Code::deadline_exceeded, "QMP {}: no answer within {} ms", command,
                deadline.count());
  }
  waiting->error->add_context("QMP " + command);
  throw Error(*waiting->error);
}

QmpClient::QmpClient(asio::any_io_executor executor, std::unique_ptr<QmpTransport> transport,
                     EventHandler on_event)
    : state_(
          std::make_shared<State>(std::move(executor), std::move(transport), std::move(on_event))) {
  // QEMU takes commands in their order, so what follows need not wait for its greeting.
  state_->outbox.push_back({.text = R"({"execute":"qmp_capabilities"})"});
}

QmpClient::~QmpClient() { close(); }

asio::awaitable<void> QmpClient::run() {
  if (!std::exchange(state_->is_writing, true)) {
    asio::co_spawn(state_->executor, State::write_loop(state_), asio::detached);
  }
  return State::read_loop(state_);
}

asio::awaitable<Json> QmpClient::execute(std::string command, Json arguments,
                                         std::chrono::milliseconds deadline) {
  return State::execute(state_, std::move(command), std::move(arguments), UniqueFd(), deadline);
}

asio::awaitable<void> QmpClient::send_fd(std::string name, int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) throw_error(Code::invalid_argument, "descriptor {} cannot be duplicated", fd);
  co_await State::execute(state_, std::string("getfd"), fd_name(std::move(name)), std::move(copy),
                          std::chrono::seconds(20));
}

void QmpClient::close() noexcept {
  state_->transport->close();
  state_->on_event = {};
  ignore_error([&] { state_->fail_all("the QMP client was closed"); }, "closing");
}

}  // namespace kata::hypervisor
