// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/handoff.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

constexpr int kAnswerMs = 30000;

}  // namespace

std::string hand_over(const std::string& sandbox_dir, std::span<const int> fds,
                      const Interrupt& interrupt) {
  std::string token = random_hex(16);
  const UniqueFd socket = connect_unix(join_path(sandbox_dir, "stdio.sock"), SOCK_SEQPACKET);
  in_context(
      [&] {
        send_with_fds(socket.get(), token, fds);
        pollfd polls[2] = {{socket.get(), POLLIN, 0}, {interrupt.fd(), POLLIN, 0}};
        const int ready = ::poll(polls, 2, kAnswerMs);
        interrupt.check();
        if (ready <= 0) {
          throw_error(Code::unavailable, "no answer of the sandbox process within {} ms",
                      kAnswerMs);
        }
        const ReceivedFds answer = receive_with_fds(socket.get(), 16);
        if (answer.message != "ok") {
          throw_error(Code::unavailable, "the sandbox process has refused them or ended");
        }
      },
      "hand over standard input and outputs");
  return token;
}

std::string random_hex(unsigned bytes) {
  std::array<unsigned char, 64> buffer{};
  KATA_ASSERT(bytes <= buffer.size());
  if (::getrandom(buffer.data(), bytes, 0) != static_cast<ssize_t>(bytes)) {
    throw_errno(errno, "get {} random bytes", bytes);
  }
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) text += fmt::format("{:02x}", buffer[i]);
  return text;
}

}  // namespace kata::cli
