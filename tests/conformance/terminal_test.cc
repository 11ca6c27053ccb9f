// SPDX-License-Identifier: Apache-2.0
//
// process.terminal with --console-socket.
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <poll.h>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "tests/conformance/runtime.h"

using kata::Json;
using kata::UniqueFd;
using kata::conformance::Bundle;
using kata::conformance::Container;

namespace {

/// The engine's end of --console-socket.
class ConsoleSocket {
 public:
  explicit ConsoleSocket(std::string path)
      : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    REQUIRE(::listen(socket_.get(), 1) == 0);
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// The terminal's master that the runtime has sent.
  UniqueFd receive() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 10'000) == 1);
    const UniqueFd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char name[4096];
    iovec data{name, sizeof name};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    REQUIRE(::recvmsg(peer.get(), &message, MSG_CMSG_CLOEXEC) > 0);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    REQUIRE(header != nullptr);
    REQUIRE(header->cmsg_type == SCM_RIGHTS);
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return UniqueFd(fd);
  }

 private:
  std::string path_;
  UniqueFd socket_;
};

/// Reads the terminal until `text` has come; everything that has.
std::string read_until(int terminal, const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string seen;
  while (seen.find(text) == std::string::npos && std::chrono::steady_clock::now() < end) {
    pollfd waiting{terminal, POLLIN, 0};
    if (::poll(&waiting, 1, 500) != 1) continue;
    char data[4096];
    const ssize_t size = ::read(terminal, data, sizeof data);
    if (size <= 0) break;
    seen.append(data, static_cast<std::size_t>(size));
  }
  return seen;
}

}  // namespace

TEST_CASE("config.md, Process: terminal gives one, of consoleSize, which is /dev/console") {
  Bundle bundle({"sh", "-c",
                 "test -t 0 && test -t 1 && test -t 2 && echo all-three; "
                 "test -c /dev/console && echo console-there; "
                 "while read line; do echo \"<$line>\"; done"});
  bundle.config["process"]["terminal"] = true;
  bundle.config["process"]["consoleSize"] = {{"height", 31}, {"width", 101}};
  ConsoleSocket console(bundle.path() + "/tty.sock");
  Container container(bundle);
  const auto created = container.create({"--console-socket", console.path()});
  INFO(created.error_output);
  REQUIRE(created.status == 0);
  const UniqueFd master = console.receive();
  winsize size{};
  CHECK(::isatty(master.get()) == 1);
  CHECK(::ioctl(master.get(), TIOCGWINSZ, &size) == 0);
  CHECK(size.ws_row == 31);
  CHECK(size.ws_col == 101);
  REQUIRE(container.start().status == 0);
  const std::string banner = read_until(master.get(), "console-there");
  CHECK_THAT(banner, Catch::Contains("all-three") && Catch::Contains("console-there"));
  REQUIRE(::write(master.get(), "typed\n", 6) == 6);
  CHECK_THAT(read_until(master.get(), "<typed>"), Catch::Contains("<typed>"));
  CHECK(container.call("delete", {"--force"}).status == 0);
}

TEST_CASE("command line, create: a terminal without --console-socket is an error") {
  Bundle bundle({"true"});
  bundle.config["process"]["terminal"] = true;
  Container container(bundle);
  CHECK(container.create().status != 0);
  CHECK(container.status() == "none");
}

TEST_CASE("command line, create: --console-socket without a terminal is an error") {
  Bundle bundle({"true"});
  ConsoleSocket console(bundle.path() + "/tty.sock");
  Container container(bundle);
  CHECK(container.create({"--console-socket", console.path()}).status != 0);
  CHECK(container.status() == "none");
}
