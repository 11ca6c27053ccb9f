// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/hypervisor/qmp_client.h"

namespace kata::hypervisor {
namespace {

constexpr std::size_t kMaxFds = 8;

/// sendmsg(2) of as much as goes, the descriptors with it; -1 with errno.
ssize_t send_part(int socket, std::string_view data, std::span<const int> fds) {
  std::array<char, CMSG_SPACE(sizeof(int) * kMaxFds)> control{};
  iovec part{.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

class SocketTransport final : public QmpTransport {
 public:
  SocketTransport(const asio::any_io_executor& executor, UniqueFd socket)
      : stream_(executor, socket.release()) {
    set_nonblocking(stream_.native_handle(), true);
  }

  asio::awaitable<std::string> read_some() override {
    std::string bytes(16384, '\0');
    asio::error_code failed;
    const std::size_t size = co_await stream_.async_read_some(
        asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
    bytes.resize(failed ? 0 : size);
    co_return bytes;
  }

  asio::awaitable<void> write(std::string data, std::span<const int> fds) override {
    if (fds.size() > kMaxFds)
      throw_error(Code::invalid_argument, "{} descriptors at once", fds.size());
    std::string_view rest = data;
    while (!rest.empty()) {
      const ssize_t sent = send_part(stream_.native_handle(), rest, fds);
      if (sent >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
        fds = {};
        continue;
      }
      const int err = errno;
      if (err == EINTR) continue;
      if (err != EAGAIN) throw Error(Code::unavailable, "send to QMP: " + errno_text(err), err);
      asio::error_code failed;
      co_await stream_.async_wait(asio::posix::stream_descriptor::wait_write,
                                  asio::redirect_error(asio::use_awaitable, failed));
      if (failed) throw_error(Code::unavailable, "send to QMP: {}", failed.message());
    }
  }

  void close() noexcept override {
    asio::error_code ignored;
    stream_.close(ignored);
  }

 private:
  asio::posix::stream_descriptor stream_;
};

}  // namespace

std::unique_ptr<QmpTransport> make_socket_transport(asio::any_io_executor executor,
                                                    UniqueFd socket) {
  return std::make_unique<SocketTransport>(executor, std::move(socket));
}

}  // namespace kata::hypervisor
