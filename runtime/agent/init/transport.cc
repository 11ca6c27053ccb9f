// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/transport.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <memory>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"

namespace kata::agent {
namespace {

using std::chrono::milliseconds;

asio::awaitable<std::optional<std::string>> wait_for_serial_port() {
  // Ports are announced by messages after the driver's start, a moment behind PID 1's own start.
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    if (std::optional<std::string> port = find_serial_port(kSerialPortName)) co_return port;
    co_await pause_for(milliseconds(i < 100 ? 1 : 10));
  }
  co_return std::nullopt;
}

asio::awaitable<void> serve_serial_port(wire::Server& server, std::string path) {
  for (;;) {
    UniqueFd port = open_file(path, O_RDWR | O_NONBLOCK);
    milliseconds pause(1);
    while (!host_is_connected(port.get())) {
      co_await pause_for(pause);
      if (pause < milliseconds(64)) pause *= 2;
    }
    log::debug("host connected port={}", path);
    co_await server.serve(std::move(port));
    log::debug("host disconnected port={}", path);
  }
}

}  // namespace

asio::awaitable<void> pause_for(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

bool host_is_connected(int fd) {
  // See drivers/char/virtio_console.c: POLLHUP while nobody is there
  pollfd entry{fd, POLLIN | POLLOUT, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLHUP) == 0;
}

std::optional<std::string> find_serial_port(const std::string& name, const std::string& root) {
  const std::string ports = root + "/sys/class/virtio-ports";
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(ports.c_str()), ::closedir);
  if (!directory) return std::nullopt;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string port = entry->d_name;
    if (port.starts_with(".")) continue;
    std::string label = read_file_if_exists(ports + "/" + port + "/name").value_or("");
    while (!label.empty() && label.back() == '\n') label.pop_back();
    if (label == name && path_exists(root + "/dev/" + port)) return root + "/dev/" + port;
  }
  return std::nullopt;
}

std::optional<UniqueFd> listen_vsock(unsigned port) {
  // The device file is there with the guest's driver; without it AF_VSOCK would still accept
  // loopback peers only.
  if (!path_exists("/dev/vsock")) return std::nullopt;
  UniqueFd fd(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return std::nullopt;
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_port = port;
  address.svm_cid = VMADDR_CID_ANY;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 64) != 0) {
    throw_errno(errno, "listen on vsock port {}", port);
  }
  return fd;
}

asio::awaitable<void> serve_host(wire::Server& server, bool vsock_only) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::optional<UniqueFd> vsock = listen_vsock(kVsockPort);
  const bool has_vsock = vsock.has_value();
  if (vsock) asio::co_spawn(executor, server.accept_and_serve(std::move(*vsock)), asio::detached);
  std::optional<std::string> port;
  if (!vsock_only) port = co_await wait_for_serial_port();
  if (port) co_await serve_serial_port(server, *port);
  if (!has_vsock)
    throw_error(Code::not_found, "neither a virtio-serial port {} nor vsock", kSerialPortName);
  asio::steady_timer for_ever(executor, asio::steady_timer::time_point::max());
  co_await for_ever.async_wait(asio::use_awaitable);
}

asio::awaitable<void> serve_at(wire::Server& server, std::string address) {
  constexpr std::string_view kUnix = "unix:";
  constexpr std::string_view kFd = "fd:";
  if (address.starts_with(kUnix)) {
    co_await server.accept_and_serve(listen_unix(address.substr(kUnix.size()), SOCK_STREAM));
  } else if (address.starts_with(kFd)) {
    int number = -1;
    std::from_chars(address.data() + kFd.size(), address.data() + address.size(), number);
    if (number < 3) throw_error(Code::invalid_argument, "\"{}\" names no descriptor", address);
    co_await server.serve(UniqueFd(number));
  } else {
    throw_error(Code::invalid_argument, "\"{}\": use unix:PATH or fd:NUMBER", address);
  }
}

}  // namespace kata::agent
