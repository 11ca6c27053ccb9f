// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/base/error.h"

namespace kata {
namespace {

constexpr std::size_t kMaxPassedFds = 8;

struct UnixAddress {
  sockaddr_un address{};
  socklen_t length = 0;
  UniqueFd directory;  // keeps /proc/self/fd/N valid while the address is used
};

/// sun_path holds 107 bytes; engines' state directories are longer, so such paths go through an
/// open directory.
UnixAddress unix_address(const std::string& path) {
  UnixAddress result;
  std::string name = path;
  if (name.size() >= sizeof result.address.sun_path) {
    const std::filesystem::path full(path);
    result.directory = open_file(full.parent_path().string(), O_PATH | O_DIRECTORY);
    name = fmt::format("/proc/self/fd/{}/{}", result.directory.get(), full.filename().string());
    if (name.size() >= sizeof result.address.sun_path) {
      throw_error(Code::invalid_argument, "socket path {}: file name too long", path);
    }
  }
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, name.c_str(), name.size() + 1);
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
  return result;
}

}  // namespace

void UniqueFd::reset(int fd) noexcept {
  const int old = std::exchange(fd_, fd);
  if (old >= 0) ::close(old);
}

UniqueFd UniqueFd::duplicate() const {
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw_errno(errno, "duplicate descriptor {}", fd_);
  return UniqueFd(copy);
}

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno(errno, "create a pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::pair<UniqueFd, UniqueFd> make_socket_pair(int type) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0)
    throw_errno(errno, "create a socket pair");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

void set_send_buffer(int socket, int size) noexcept {
  if (::setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void open_missing_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // the lowest free number, which is this one; inherited on purpose
    if (::open("/dev/null", O_RDWR) < 0)  // NOLINT(android-cloexec-open)
      throw_errno(errno, "open /dev/null, since descriptor {} is closed", stream);
  }
}

UniqueFd open_file(const std::string& path, int flags, unsigned mode) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) throw_errno(errno, "open {}", path);
  }
}

bool path_exists(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

void set_nonblocking(int fd, bool on) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0) {
    throw_errno(errno, "set O_NONBLOCK on descriptor {}", fd);
  }
}

void send_with_fds(int socket, std::string_view message, std::span<const int> fds) {
  KATA_ASSERT(!message.empty() && fds.size() <= kMaxPassedFds);
  iovec vec{const_cast<char*>(message.data()), message.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxPassedFds)> control{};
  msghdr header{};
  header.msg_iov = &vec;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(cmsg), fds.data(), fds.size_bytes());
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) throw_errno(errno, "send {} descriptors over a socket", fds.size());
}

ReceivedFds receive_with_fds(int socket, std::size_t limit) {
  ReceivedFds result;
  result.message.resize(limit);
  iovec vec{result.message.data(), limit};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxPassedFds)> control{};
  msghdr header{};
  header.msg_iov = &vec;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t received;
  do {
    received = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) throw_errno(errno, "receive descriptors from a socket");
  result.message.resize(static_cast<std::size_t>(received));
  for (cmsghdr* cmsg = CMSG_FIRSTHDR(&header); cmsg != nullptr; cmsg = CMSG_NXTHDR(&header, cmsg)) {
    if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
      result.fds.emplace_back(fd);
    }
  }
  return result;
}

UniqueFd listen_unix(const std::string& path, int type, int backlog) {
  UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno(errno, "create a socket for {}", path);
  const UnixAddress where = unix_address(path);
  ::unlink(path.c_str());
  // The mode must be right from the first moment; fchmod before bind(2) sets it for the file that
  // bind makes.
  if (::fchmod(fd.get(), 0600) != 0) throw_errno(errno, "set the mode of socket {}", path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where.address), where.length) != 0) {
    throw_errno(errno, "bind socket {}", path);
  }
  const bool listens = (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_DGRAM;
  if (listens && ::listen(fd.get(), backlog) != 0) throw_errno(errno, "listen on socket {}", path);
  return fd;
}

UniqueFd connect_unix(const std::string& path, int type) {
  UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno(errno, "create a socket for {}", path);
  const UnixAddress where = unix_address(path);
  int status;
  do {
    status = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where.address), where.length);
  } while (status != 0 && errno == EINTR);
  if (status != 0) throw_errno(errno, "connect to socket {}", path);
  return fd;
}

}  // namespace kata
