// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/progress.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace {

using namespace kata::pipeline;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Screen {
  std::string text;
  Progress::Clock::time_point now;
  Progress::Sink sink() {
    return [this](std::string_view part) { text += part; };
  }
  std::function<Progress::Clock::time_point()> clock() {
    return [this] { return now; };
  }
};

}  // namespace

TEST_CASE("a terminal shows one line with a bar", "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::tty, screen.sink(), screen.clock(), 70);
  Progress progress(board);
  progress.begin("kernel", "compiling", 4);
  screen.text.clear();
  screen.now += seconds(192);
  progress.step("kernel/sched/core.o");
  CHECK(screen.text ==
        "\rkernel  [#####               ] 1/4 steps  3m12s  kernel/sched/core.o\x1b[K");
  screen.text.clear();
  screen.now += milliseconds(10);
  progress.step("too/soon.o");
  CHECK(screen.text.empty());
  progress.end("4 files made");
  CHECK(screen.text == "\r\x1b[Kkernel: 4 files made in 3m12s\n");
}

TEST_CASE("a terminal's line never wraps", "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::tty, screen.sink(), screen.clock(), 40);
  Progress progress(board);
  progress.begin("kernel", "x", 4);
  screen.text.clear();
  screen.now += seconds(1);
  progress.step("a/very/long/name/that/does/not/fit.o");
  CHECK(screen.text.size() == 1 + 39 + 3);
}

TEST_CASE("a log gets a line for every tenth, and one when nothing else was said for long",
          "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::plain, screen.sink(), screen.clock(), 80);
  Progress progress(board);
  progress.begin("kernel", "compiling", 100);
  for (int i = 0; i < 25; ++i) progress.step("a.o");
  CHECK(std::count(screen.text.begin(), screen.text.end(), '\n') == 3);
  CHECK_THAT(screen.text, Catch::Contains("kernel: 20/100 steps (20 %), 0s, a.o\n"));
  screen.now += seconds(21);
  progress.step("slow.o");
  CHECK_THAT(screen.text, Catch::Contains("kernel: 26/100 steps (26 %), 21s, slow.o\n"));
}

TEST_CASE("more files than expected do not break the count", "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::plain, screen.sink(), screen.clock(), 80);
  Progress progress(board);
  progress.begin("kernel", "compiling", 2);
  screen.now += seconds(30);
  for (int i = 0; i < 3; ++i) progress.step("a.o");
  screen.now += seconds(30);
  progress.step("b.o");
  CHECK_THAT(screen.text, Catch::Contains("kernel: 4 steps, 1m00s, b.o\n"));
}

TEST_CASE("no progress is no output", "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::none, screen.sink(), screen.clock(), 80);
  Progress progress(board);
  progress.begin("kernel", "compiling", 2);
  progress.step("a.o");
  progress.note("hello");
  progress.end("done");
  CHECK(screen.text.empty());
}

TEST_CASE("two stages have a line each, and a note goes above them", "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::tty, screen.sink(), screen.clock(), 40);
  Progress kernel(board);
  Progress programs(board);
  kernel.begin("kernel", "a", 0);
  programs.begin("programs", "b", 0);
  screen.text.clear();
  kernel.note("hello");
  CHECK(screen.text == "\r\x1b[K\x1b[A\x1b[Khello\n\rkernel  a\x1b[K\n\rprograms  b\x1b[K");
  screen.text.clear();
  kernel.end("");
  CHECK(screen.text == "\r\x1b[K\x1b[A\x1b[K\rprograms  b\x1b[K");
}

TEST_CASE("a program that watches gets one JSON object per line", "[progress]") {
  Screen screen;
  ProgressBoard board(ProgressMode::json, screen.sink(), screen.clock(), 40);
  Progress progress(board);
  progress.begin("kernel", "com\"piling", 2);
  progress.step("a.o");
  progress.end("2 files");
  std::vector<std::string> events;
  for (const std::string& line : kata::split_text(screen.text)) {
    const kata::Json event = kata::parse_json(line, "progress");
    CHECK(event.at("time").is_number());
    CHECK(event.at("stage") == "kernel");
    events.push_back(event.at("event"));
  }
  CHECK(events == std::vector<std::string>{"begin", "step", "end"});
}
