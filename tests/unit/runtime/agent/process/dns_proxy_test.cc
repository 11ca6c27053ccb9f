// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/dns/dns_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kPort = 45353;

/// An address of the loopback network for each process: the tests run beside one another.
const std::string kAddress = [] {
  const auto pid = static_cast<unsigned>(::getpid());
  return fmt::format("127.{}.{}.{}", 64 + (pid >> 16 & 63), pid >> 8 & 255, pid & 255);
}();

UniqueFd ask(int type, const std::string& bytes) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(kPort);
  ::inet_pton(AF_INET, kAddress.c_str(), &name.sin_addr);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  write_all(fd.get(), bytes);
  return fd;
}

struct Fixture {
  asio::io_context io;
  std::shared_ptr<DnsProxy> proxy = std::make_shared<DnsProxy>(io.get_executor());
  Fixture() { proxy->start(kAddress, kPort); }
  DnsProxy::Query next() {
    std::optional<DnsProxy::Query> query;
    asio::co_spawn(io, proxy->next_query(),
                   [&](const std::exception_ptr&, DnsProxy::Query one) { query = std::move(one); });
    const auto end = std::chrono::steady_clock::now() + 2s;
    while (!query && std::chrono::steady_clock::now() < end) io.run_one_for(20ms);
    REQUIRE(query);
    return *query;
  }
};

std::string received(const UniqueFd& fd) {
  char buffer[512];
  const ssize_t count = ::recv(fd.get(), buffer, sizeof buffer, 0);
  return {buffer, static_cast<std::size_t>(count > 0 ? count : 0)};
}

const std::string kQuestion = "\x12\x34 twelve bytes and more";

}  // namespace

TEST_CASE("several UDP queries are answered to those who asked, in any order", "[dns]") {
  Fixture f;
  const UniqueFd first = ask(SOCK_DGRAM, kQuestion + "1");
  const UniqueFd second = ask(SOCK_DGRAM, kQuestion + "2");
  const DnsProxy::Query one = f.next();
  const DnsProxy::Query two = f.next();
  CHECK(one.message == kQuestion + "1");
  CHECK_FALSE(one.tcp);
  f.proxy->answer(two.id, "answer 2");
  f.proxy->answer(one.id, "answer 1");
  f.proxy->answer(one.id, "again");  // known no more
  f.proxy->answer(4711, "never asked");
  CHECK(received(first) == "answer 1");
  CHECK(received(second) == "answer 2");
}

TEST_CASE("TCP carries the length before each message", "[dns]") {
  Fixture f;
  std::string prefix(1, '\0');
  prefix += static_cast<char>(kQuestion.size());
  const UniqueFd peer = ask(SOCK_STREAM, prefix + kQuestion + prefix + kQuestion);
  for (int i = 0; i < 2; ++i) {
    const DnsProxy::Query query = f.next();
    CHECK(query.tcp);
    CHECK(query.message == kQuestion);
    f.proxy->answer(query.id, "reply");
    CHECK(received(peer) == std::string("\0\5reply", 7));
  }
}

TEST_CASE("more queries than allowed push out the oldest", "[dns]") {
  Fixture f;
  std::vector<UniqueFd> askers;
  for (std::size_t i = 0; i < DnsProxy::kMaxQueries + 10; ++i) {
    askers.push_back(ask(SOCK_DGRAM, kQuestion + std::to_string(i)));
    f.io.poll();
  }
  CHECK(f.next().message == kQuestion + "10");
}

TEST_CASE("only the loopback is listened at", "[dns]") {
  asio::io_context io;
  const auto proxy = std::make_shared<DnsProxy>(io.get_executor());
  for (const char* address : {"0.0.0.0", "10.0.0.1", "", "localhost", "::1"}) {
    CHECK_THROWS_AS(proxy->start(address, kPort + 1), Error);
  }
}
