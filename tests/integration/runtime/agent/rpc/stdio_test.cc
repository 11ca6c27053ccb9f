// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>

#include "runtime/base/error.h"
#include "tests/support/agent_driver.h"

using namespace kata;
using namespace kata::test;

TEST_CASE("a hundred megabytes through cat arrive as they were sent", "[agent][stdio]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create("c1", busybox_spec(rootfs.path(), {"cat"}));
  driver.start("c1");
  constexpr std::size_t kTotal = 100U << 20;
  std::string pattern(1U << 20, '\0');
  std::uint32_t seed = 1;
  for (char& c : pattern) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  const auto piece_at = [&](std::size_t offset) {
    return pattern.substr(offset % pattern.size(),
                          std::min(pattern.size() - offset % pattern.size(), kTotal - offset));
  };
  grpc::ReadStreamRequest read;
  read.set_container_id("c1");
  read.set_len(1U << 20);
  std::size_t sent = 0, received = 0;
  bool intact = true;
  std::optional<std::uint32_t> writer;
  std::uint32_t reader = driver.begin("ReadStdout", read);
  for (bool ended = false; !ended;) {
    // One write is parked while the output is read: the pipes between are smaller than what is on
    // its way.
    if (!writer && sent < kTotal) {
      grpc::WriteStreamRequest write;
      write.set_container_id("c1");
      write.set_data(piece_at(sent));
      writer = driver.begin("WriteStdin", write);
    }
    const std::string data = driver.answer<grpc::ReadStreamResponse>(reader).data();
    ended = data.empty();
    for (std::size_t at = 0; at < data.size();) {
      const std::string expected = piece_at(received + at);
      const std::size_t length = std::min(expected.size(), data.size() - at);
      intact = intact && data.compare(at, length, expected, 0, length) == 0;
      at += length;
    }
    received += data.size();
    if (writer &&
        received >= sent) {  // all that was taken has come back: the answer to the write is there
      sent += driver.answer<grpc::WriteStreamResponse>(*writer).len();
      writer.reset();
      if (sent == kTotal) driver.close_input("c1");
    }
    if (!ended) reader = driver.begin("ReadStdout", read);
  }
  CHECK(received == kTotal);
  CHECK(intact);
  CHECK(driver.wait("c1") == 0);
  driver.remove("c1");
}

TEST_CASE("writing to a program that has closed its input says so", "[agent][stdio]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create("c1", busybox_spec(rootfs.path(), {"true"}));
  driver.start("c1");
  CHECK(driver.wait("c1") == 0);
  CHECK_THROWS_AS(driver.write_input("c1", "x"), Error);
  driver.remove("c1");
}

TEST_CASE("a terminal has one output, an echo and a size, and ends with the program",
          "[agent][stdio]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  grpc::Spec spec =
      busybox_spec(rootfs.path(), {"sh", "-c", "read line; stty size; echo got $line; exit 4"});
  spec.mutable_process()->set_terminal(true);
  driver.create("c1", spec);
  driver.start("c1");
  grpc::TtyWinResizeRequest resize;
  resize.set_container_id("c1");
  resize.set_row(31);
  resize.set_column(97);
  driver.call("TtyWinResize", resize);
  driver.write_input("c1", "hello\n");
  const std::string output = driver.read_output("c1");
  CHECK(output.find("31 97") != std::string::npos);
  CHECK(output.find("got hello") != std::string::npos);
  CHECK(driver.read_output("c1", "", true).empty());
  CHECK(driver.wait("c1") == 4);
  driver.remove("c1");
}

TEST_CASE("a background program holds the output open, not the exit status", "[agent][stdio]") {
  const LocalAgent agent;
  const BusyboxRootfs rootfs;
  AgentDriver driver = agent.connect();
  driver.create("c1", busybox_spec(rootfs.path(), {"sleep", "600"}));
  driver.start("c1");
  grpc::Process process;
  process.set_cwd("/");
  process.add_env("PATH=/bin");
  for (const char* word : {"sh", "-c", "(sleep 1; echo late) & echo early"}) process.add_args(word);
  driver.exec("c1", "e1", process);
  CHECK(driver.wait("c1", "e1") == 0);
  CHECK(driver.read_output("c1", "e1") == "early\nlate\n");
  driver.remove("c1");
}
