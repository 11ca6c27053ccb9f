// SPDX-License-Identifier: Apache-2.0
//
// Ownership of file descriptors. A UniqueFd owns; a plain int is borrowed for the length of a call.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kata {

class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives up ownership; the caller closes.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what is held, never retried on EINTR: Linux has released the number by then. See
  /// close(2).
  void reset(int fd = -1) noexcept;
  /// Another number for the same open file, close-on-exec. Throws Error.
  [[nodiscard]] UniqueFd duplicate() const;

 private:
  int fd_;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

/// pipe2(2), close-on-exec. Throws Error.
[[nodiscard]] Pipe make_pipe();
/// socketpair(2) of AF_UNIX with `type` (SOCK_STREAM, SOCK_SEQPACKET), close-on-exec. Throws Error.
[[nodiscard]] std::pair<UniqueFd, UniqueFd> make_socket_pair(int type);
/// How much a socket's peer may leave unread before writing waits (SO_SNDBUF); what the kernel
/// forbids costs only speed.
void set_send_buffer(int socket, int size) noexcept;
/// open(2) with O_CLOEXEC added, EINTR retried. Throws Error that names the path.
[[nodiscard]] UniqueFd open_file(const std::string& path, int flags, unsigned mode = 0);

/// Gives descriptors 0, 1 and 2 to /dev/null where the caller has closed them. A program that
/// passes its standard streams on calls it first: what it opens would take their numbers, and be
/// passed on.
void open_missing_standard_streams();
/// Whether something is at `path` (symbolic links followed).
[[nodiscard]] bool path_exists(const std::string& path) noexcept;
/// Sets or clears O_NONBLOCK. Throws Error.
void set_nonblocking(int fd, bool on);

/// One message with up to 8 descriptors over an AF_UNIX socket (SCM_RIGHTS, see unix(7)). Throws
/// Error.
void send_with_fds(int socket, std::string_view message, std::span<const int> fds);

struct ReceivedFds {
  std::string message;  ///< empty when the peer closed
  std::vector<UniqueFd> fds;
};
/// Receives one message of at most `limit` bytes, and its descriptors, close-on-exec. Throws Error.
[[nodiscard]] ReceivedFds receive_with_fds(int socket, std::size_t limit);

/// Listens at `path` (an AF_UNIX address; paths over 107 bytes are reached through /proc/self/fd),
/// mode 0600. A stale socket file is replaced. `type` is SOCK_STREAM, SOCK_SEQPACKET, or
/// SOCK_DGRAM, which is bound only. Throws Error.
[[nodiscard]] UniqueFd listen_unix(const std::string& path, int type, int backlog = 64);
/// Connects to an AF_UNIX socket file, long paths included. Throws Error (not_found, unavailable).
[[nodiscard]] UniqueFd connect_unix(const std::string& path, int type);

}  // namespace kata
