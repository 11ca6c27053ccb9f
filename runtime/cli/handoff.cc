// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/handoff.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::cli {

std::string hand_over(const std::string& sandbox_dir, std::span<const int> fds) {
  std::string token = random_hex(16);
  const UniqueFd socket = connect_unix(join_path(sandbox_dir, "stdio.sock"), SOCK_SEQPACKET);
  const timeval limit{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  in_context(
      [&] {
        send_with_fds(socket.get(), token, fds);
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
