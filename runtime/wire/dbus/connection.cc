// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire/dbus/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"

namespace kata::wire::dbus {
namespace {

constexpr std::size_t kLongestLine = 16384;  // of the authentication; libdbus has the same bound

Code code_of(std::string_view name) {
  if (name.ends_with("Exists")) return Code::already_exists;
  if (name.ends_with(".NoSuchUnit") || name.ends_with(".ServiceUnknown")) return Code::not_found;
  if (name.ends_with(".AccessDenied") || name.ends_with("AuthorizationRequired"))
    return Code::permission_denied;
  return Code::unavailable;
}

/// A bus that is gone is an error, not a signal.
void send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) throw_errno(errno, "write to the bus");
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

[[noreturn]] void throw_answer(const Message& request, const Message& answer) {
  std::string text;
  if (answer.signature.starts_with('s')) text = Reader(answer.body).string();
  throw_error(code_of(answer.error_name), "D-Bus call {}: {} ({})", request.member, text,
              answer.error_name);
}

}  // namespace

Connection::Connection(const std::string& path, std::chrono::milliseconds patience)
    : socket_(connect_unix(path, SOCK_STREAM)),
      deadline_(std::chrono::steady_clock::now() + patience) {
  in_context(
      [&] {
        authenticate();
        call(to_bus("Hello"));
      },
      "talk to the message bus at {}", path);
}

/// The user id is left out: in a user namespace it is another one than the bus sees on the socket.
/// See "Authentication Protocol" in the specification.
void Connection::authenticate() {
  send_all(socket_.get(), std::string_view("\0AUTH EXTERNAL\r\n", 16));
  std::string answer = read_line();
  if (answer.starts_with("DATA")) {
    send_all(socket_.get(), "DATA\r\n");
    answer = read_line();
  }
  if (!answer.starts_with("OK "))
    throw_error(Code::permission_denied, "the bus refused the user: {}", answer.substr(0, 80));
  send_all(socket_.get(), "BEGIN\r\n");
}

std::string Connection::read_line() {
  std::string line;
  while (!line.ends_with("\r\n")) {
    char next = 0;
    read_exactly(&next, 1);
    line += next;
    if (line.size() > kLongestLine) throw_error(Code::data_loss, "the bus sent an endless line");
  }
  line.resize(line.size() - 2);
  return line;
}

void Connection::read_exactly(char* data, std::size_t size) {
  while (size > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw_error(Code::deadline_exceeded, "the bus did not answer in time");
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left.count()) + 1);
    if (ready < 0 && errno != EINTR) throw_errno(errno, "wait for the bus");
    if (ready <= 0) continue;
    const ssize_t got = ::read(socket_.get(), data, size);
    if (got < 0 && errno != EINTR && errno != EAGAIN) throw_errno(errno, "read from the bus");
    if (got == 0) throw_error(Code::unavailable, "the bus closed the connection");
    if (got < 0) continue;
    data += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::uint32_t Connection::send(Message message) {
  message.serial = ++serial_;
  send_all(socket_.get(), encode(message));
  return message.serial;
}

Message Connection::receive() {
  std::string text(kPrefix, '\0');
  read_exactly(text.data(), kPrefix);
  text.resize(message_size(text));
  read_exactly(text.data() + kPrefix, text.size() - kPrefix);
  return decode(text);
}

Message Connection::call(Message request) {
  const std::uint32_t serial = send(request);
  for (;;) {
    Message answer = receive();
    if (answer.type == Type::signal) {
      signals_.push_back(std::move(answer));
    } else if (answer.reply_serial == serial && answer.type == Type::error) {
      throw_answer(request, answer);
    } else if (answer.reply_serial == serial) {
      return answer;
    }
  }
}

Message Connection::next_signal() {
  if (!signals_.empty()) {
    Message first = std::move(signals_.front());
    signals_.erase(signals_.begin());
    return first;
  }
  for (;;) {
    Message message = receive();
    if (message.type == Type::signal) return message;
  }
}

}  // namespace kata::wire::dbus
