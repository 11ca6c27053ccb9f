// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/sync_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>

#include "launch.pb.h"
#include "runtime/base/io.h"

namespace kata::agent {
namespace {
constexpr std::size_t kMaxReport = 16384;
constexpr std::size_t kMaxMessage = 8192;
}  // namespace

void send_report(int socket, const launch::Report& report, int fd) {
  const std::string text = report.SerializeAsString();
  // write(2), not sendmsg(2), wherever possible: a seccomp filter may be in force already.
  if (fd < 0) return write_all(socket, text);
  send_with_fds(socket, text, std::span(&fd, 1));
}

void wait_for_go(int socket) {
  char go = 0;
  ssize_t count;
  do {
    count = ::read(socket, &go, 1);
  } while (count < 0 && errno == EINTR);
  if (count != 1) throw_error(Code::cancelled, "the agent gave the start up");
}

void send_failure(int socket, const Error& error) noexcept {
  try {
    launch::Report report;
    report.set_kind(launch::Report::FAILED);
    report.set_code(static_cast<int>(error.code()));
    report.set_err(error.err());
    report.set_message(std::string(error.what()).substr(0, kMaxMessage));
    send_report(socket, report);
  } catch (...) {
    // Nobody is left to hear it; the exit status tells the rest.
  }
}

bool receive_report(int socket, launch::Report& report, UniqueFd& fd) {
  ReceivedFds received = receive_with_fds(socket, kMaxReport);
  if (received.message.empty()) return false;
  if (!report.ParseFromString(received.message)) {
    throw_error(Code::internal, "a report of container-init cannot be read");
  }
  if (!received.fds.empty()) fd = std::move(received.fds.front());
  return true;
}

void send_go(int socket) {
  if (::send(socket, "g", 1, MSG_NOSIGNAL) != 1) throw_errno(errno, "let container-init go on");
}

}  // namespace kata::agent
