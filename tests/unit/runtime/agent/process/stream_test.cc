// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/process/stream.h"

#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  asio::io_context io;
  Pipe pipe = make_pipe();
  std::vector<std::string> reads;
  std::vector<std::size_t> writes;
  int errors = 0;
  int piped = 0;

  static std::string bytes_of(wire::BytesAnswer& answer) {
    std::string bytes = answer.bytes;
    while (answer.piped && answer.piped->size() > 0) bytes += answer.piped->read_some();
    return bytes;
  }
  void read(Stream& stream, std::size_t limit) {
    asio::co_spawn(io, stream.take(limit),
                   [this](const std::exception_ptr& error, wire::BytesAnswer answer) {
                     error ? void(++errors) : reads.push_back(bytes_of(answer));
                     if (answer.piped) ++piped;
                   });
  }
  void write(Stream& stream, std::string data) {
    asio::co_spawn(io, stream.write(std::move(data)),
                   [this](const std::exception_ptr& error, std::size_t count) {
                     error ? void(++errors) : writes.push_back(count);
                   });
  }
};

}  // namespace

TEST_CASE("a read waits for data and then for the end", "[stream]") {
  Fixture f;
  Stream stream(f.io.get_executor(), std::move(f.pipe.read), Stream::Kind::pipe, 1U << 20);
  f.read(stream, 100);
  f.io.run_for(20ms);
  CHECK(f.reads.empty());
  write_all(f.pipe.write.get(), "hello");
  f.io.restart();
  f.io.run();
  CHECK(f.reads == std::vector<std::string>{"hello"});
  f.pipe.write.reset();
  f.read(stream, 100);
  f.io.restart();
  f.io.run();
  CHECK(f.reads.back().empty());
  f.read(stream, 0);
  f.io.restart();
  f.io.run();
  CHECK(f.errors == 1);
}

TEST_CASE("closing ends a parked read as an end of file", "[stream]") {
  Fixture f;
  Stream stream(f.io.get_executor(), std::move(f.pipe.read), Stream::Kind::pipe, 0);
  f.read(stream, 100);
  f.io.run_for(20ms);
  stream.close();
  f.io.restart();
  f.io.run();
  CHECK(f.reads == std::vector<std::string>{""});
}

TEST_CASE("a write takes what fits and waits when nothing does", "[stream]") {
  Fixture f;
  Stream stream(f.io.get_executor(), std::move(f.pipe.write), Stream::Kind::pipe, 0);
  f.write(stream, std::string(1U << 20, 'x'));
  f.io.run();
  REQUIRE(f.writes.size() == 1);
  CHECK(f.writes[0] < (1U << 20));
  f.write(stream, "more");
  f.io.restart();
  f.io.run_for(20ms);
  CHECK(f.writes.size() == 1);
  std::string taken(f.writes[0], '\0');
  REQUIRE(::read(f.pipe.read.get(), taken.data(), taken.size()) ==
          static_cast<ssize_t>(taken.size()));
  f.io.restart();
  f.io.run();
  CHECK(f.writes.back() == 4);
}

TEST_CASE("closing the input waits for the write that is parked", "[stream]") {
  Fixture f;
  Stream stream(f.io.get_executor(), std::move(f.pipe.write), Stream::Kind::pipe, 0);
  f.write(stream, std::string(1U << 20, 'x'));
  f.io.run();
  f.write(stream, "last");
  f.io.restart();
  f.io.run_for(20ms);
  stream.close_input();
  std::string all;
  std::string piece(65536, '\0');
  for (ssize_t count; (count = ::read(f.pipe.read.get(), piece.data(), piece.size())) > 0;) {
    all.append(piece, 0, static_cast<std::size_t>(count));
    f.io.restart();
    f.io.poll();
  }
  CHECK(all.ends_with("last"));
}

TEST_CASE("much output is taken without being copied, and no more than was asked for", "[stream]") {
  Fixture f;
  Stream stream(f.io.get_executor(), std::move(f.pipe.read), Stream::Kind::pipe, 1U << 20);
  std::string all;
  for (std::size_t i = 0; i < 600000; ++i) all += static_cast<char>('a' + i % 23);
  write_all(f.pipe.write.get(), all);
  f.pipe.write.reset();
  for (int i = 0; i < 4; ++i) {
    f.read(stream, 250000);
    f.io.restart();
    f.io.run();
  }
  REQUIRE(f.reads.size() == 4);
  CHECK(f.reads[0] == all.substr(0, 250000));
  CHECK(f.reads[1] == all.substr(250000, 250000));
  CHECK(f.reads[2] == all.substr(500000));
  CHECK(f.reads[3].empty());
  CHECK(f.piped == 3);
}

TEST_CASE("what an answer that was given up has left behind is in no later one", "[stream]") {
  Fixture f;
  Stream stream(f.io.get_executor(), std::move(f.pipe.read), Stream::Kind::pipe, 1U << 20);
  write_all(f.pipe.write.get(), std::string(100000, 'a'));
  asio::co_spawn(f.io, stream.take(1U << 20), [](const auto&, const wire::BytesAnswer& answer) {
    CHECK(answer.piped->read_some().size() < 200000);
  });
  f.io.run();
  write_all(f.pipe.write.get(), std::string(200000, 'b'));
  asio::co_spawn(f.io, stream.take(1U << 20),
                 [](const auto&, const wire::BytesAnswer& answer) { CHECK(answer.piped); });
  f.io.restart();
  f.io.run();
  write_all(f.pipe.write.get(), std::string(50000, 'c'));
  f.read(stream, 1U << 20);
  f.io.restart();
  f.io.run();
  CHECK(f.reads == std::vector<std::string>{std::string(50000, 'c')});
}
