// SPDX-License-Identifier: Apache-2.0
//
// What an agent can do with the calls that wait: output without end, answers larger than was asked
// for, events that never were. The host's memory stays bounded, and a slow reader holds back its
// own process.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "sandbox_bench.h"

using namespace kata;
using namespace kata::test;

namespace {

constexpr std::size_t kMebibyte = 1U << 20;
/// Beside what the test itself holds: a frame, its message and its answer at each end.
constexpr std::size_t kMayGrow = 48 * kMebibyte;

std::string output(const std::string& data) {
  grpc::ReadStreamResponse response;
  response.set_data(data);
  return response.SerializeAsString();
}

/// A full mebibyte for each call, for ever.
HostileAgent::Answer endless() {
  return [answer = output(std::string(kMebibyte, 'x'))](int) { return answer; };
}

sandbox::StdioFds output_to(UniqueFd fd) {
  return {.in = UniqueFd(), .out = std::move(fd), .err = UniqueFd()};
}

void run_container(SandboxBench& bench, sandbox::StdioFds fds) {
  REQUIRE(bench.create("c1", std::move(fds)).code == Code::ok);
  REQUIRE(bench.start().code == Code::ok);
}

/// Everything that is in a pipe now.
std::size_t drain(int fd) {
  set_nonblocking(fd, true);
  std::string buffer(65536, '\0');
  std::size_t total = 0;
  for (ssize_t size = 0; (size = ::read(fd, buffer.data(), buffer.size())) > 0;)
    total += static_cast<std::size_t>(size);
  return total;
}

}  // namespace

TEST_CASE("endless output does not make the host grow", "[hostile]") {
  SandboxBench bench({.answers = {{"ReadStdout", endless()}}});
  Pipe pipe = make_pipe();
  run_container(bench, output_to(std::move(pipe.write)));
  const std::size_t before = resident_memory();
  constexpr std::size_t kTotal = 96 * kMebibyte;
  std::size_t total = 0;
  REQUIRE(bench.run_until([&] {
    total += drain(pipe.read.get());
    return total >= kTotal;
  }));
  CHECK(peak_memory() < before + kMayGrow);
  CHECK(bench.shut_down().ended);
}

TEST_CASE("answers that nobody asked for do not make the host grow", "[hostile]") {
  SandboxBench bench({.attacks = {{"StatsContainer", Attack::flood}}});
  run_container(bench, sandbox::StdioFds());
  const std::size_t before = resident_memory();
  CHECK(bench.run(bench.sandbox().stats("c1")).code == Code::ok);
  CHECK(peak_memory() < before + kMayGrow);
}

TEST_CASE("a reader that is slow holds back the process, and nobody else", "[hostile]") {
  SandboxBench bench({.answers = {{"ReadStdout", endless()}}});
  Pipe pipe = make_pipe();
  run_container(bench, output_to(std::move(pipe.write)));
  REQUIRE(bench.run_until([&] {
    pollfd readable{pipe.read.get(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 1;
  }));
  // Other calls are answered while one piece waits for its reader and one for that; no third is
  // fetched.
  for (int i = 0; i < 100; ++i) {
    REQUIRE(bench.run(bench.sandbox().stats("c1")).code == Code::ok);
  }
  CHECK(bench.agent().calls("ReadStdout") == 2);
  CHECK(bench.run_until([&] {
    drain(pipe.read.get());
    return bench.agent().calls("ReadStdout") > 2;
  }));
}

TEST_CASE("more output than was asked for is not taken", "[hostile]") {
  SandboxBench bench(
      {.answers = {{"ReadStdout", [](int) { return output(std::string(2 * kMebibyte, 'x')); }}}});
  Pipe pipe = make_pipe();
  run_container(bench, output_to(std::move(pipe.write)));
  pollfd ended{pipe.read.get(), POLLIN, 0};
  REQUIRE(bench.run_until([&] { return ::poll(&ended, 1, 0) == 1; }));
  CHECK(drain(pipe.read.get()) == 0);
  CHECK(bench.agent().calls("ReadStdout") == 1);
}

TEST_CASE("an agent that takes more input than it was given gets no more of it", "[hostile]") {
  grpc::WriteStreamResponse too_much;
  too_much.set_len(0xffffffff);
  SandboxBench bench({.answers = {{"WriteStdin", [answer = too_much.SerializeAsString()](int) {
                                     return answer;
                                   }}}});
  Pipe pipe = make_pipe();
  write_all(pipe.write.get(), std::string(4096, 'x'));
  run_container(bench, {.in = std::move(pipe.read), .out = UniqueFd(), .err = UniqueFd()});
  CHECK(bench.run_until([&] { return bench.agent().calls("CloseStdin") == 1; }));
  CHECK(bench.agent().calls("WriteStdin") == 1);
}

TEST_CASE("output that is not answered does not outlive its process", "[hostile]") {
  const std::string method = GENERATE("ReadStdout", "ReadStderr", "WriteStdin");
  INFO(method);
  grpc::WaitProcessResponse gone;
  gone.set_status(3);
  // Standard output and error end at once, except for the method that never answers.
  const auto ends = [](int) { return std::string(); };
  std::map<std::string, HostileAgent::Answer> answers = {{"ReadStdout", ends},
                                                         {"ReadStderr", ends}};
  answers[method] = [](int) -> std::optional<std::string> { return std::nullopt; };
  answers["WaitProcess"] = [answer = gone.SerializeAsString()](int count) {
    return count == 1 ? std::optional<std::string>() : answer;
  };
  SandboxBench bench({.answers = std::move(answers)});
  run_container(bench, sandbox::StdioFds());
  const std::size_t descriptors = open_descriptors();
  sandbox::ExecRequest request;
  request.container_id = "c1";
  request.exec_id = "e1";
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  write_all(in.write.get(), "x");
  request.fds = {
      .in = std::move(in.read), .out = std::move(out.write), .err = std::move(err.write)};
  bench.sandbox().add_exec(std::move(request));
  REQUIRE(bench.start("c1", "e1").code == Code::ok);
  std::weak_ptr<sandbox::StdioPump> pump = bench.sandbox().process("c1", "e1")->pump;
  REQUIRE(bench.run(bench.sandbox().wait("c1", "e1")).ended);
  CHECK(bench.sandbox().process("c1", "e1")->exit.status == 3);
  // What remove() does once it has waited for the reader.
  bench.sandbox().process("c1", "e1")->pump->abandon();
  REQUIRE(bench.run(bench.sandbox().remove("c1", "e1")).code == Code::ok);
  CHECK(bench.run_until([&] { return pump.expired(); }));
  in.write.reset();
  out.read.reset();
  err.read.reset();
  CHECK(open_descriptors() == descriptors);
}

TEST_CASE("an event of a container that is not there is nobody's", "[hostile]") {
  const auto event = [](const std::string& id) {
    grpc::OOMEvent message;
    message.set_container_id(id);
    return message.SerializeAsString();
  };
  const auto answer = [event](int count) -> std::optional<std::string> {
    if (count == 1) return event(std::string(kMebibyte, 'x'));
    if (count == 2) return event("../../etc");
    if (count == 3) return event("c1");
    return std::nullopt;
  };
  SandboxBench bench({.answers = {{"GetOOMEvent", answer}}});
  run_container(bench, sandbox::StdioFds());
  REQUIRE(bench.run_until([&] { return bench.agent().calls("GetOOMEvent") == 4; }));
  std::vector<std::string> told;
  for (const sandbox::Event& seen : bench.events) {
    if (seen.kind == sandbox::Event::Kind::oom) told.push_back(seen.container_id);
  }
  CHECK(told == std::vector<std::string>{"c1"});
}

TEST_CASE("a guest that asks for names without end has a few questions open at a time",
          "[hostile]") {
  const auto query = [](int count) {
    kata::guest::DnsQuery message;
    message.set_id(static_cast<std::uint64_t>(count));
    message.set_tcp(count % 2 == 0);
    message.set_message(std::string(count % 3 == 0 ? 200000 : 40, 'q'));
    return message.SerializeAsString();
  };
  SandboxBench bench(
      {.answers = {{"NextDnsQuery", query},
                   {"AnswerDns", [](int) -> std::optional<std::string> { return std::nullopt; }}},
       .resolver = "127.0.0.11"});
  run_container(bench, sandbox::StdioFds());
  constexpr int kMost = 64;
  REQUIRE(bench.run_until([&] { return bench.agent().calls("AnswerDns") == kMost; }));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(bench.run(bench.sandbox().stats("c1")).code == Code::ok);
  }
  CHECK(bench.agent().calls("NextDnsQuery") == kMost);
}
