// SPDX-License-Identifier: Apache-2.0
#include "builder/boot/boot_timeline.h"

#include <catch2/catch.hpp>

#include "builder/boot/probe_program.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using boot::read_timeline;

/// A start that took a second: the guest's clock began 0.2 s after the exec; its first lines came
/// late, when the console was there.
std::string log_text(const std::string& before, const std::string& after) {
  const auto line = [](const std::string& time, const std::string& text) {
    return time + " containerd-shim-kata-v2: debug: " + text + "\n";
  };
  return line(before + "59.500000", "starting machine command=\"qemu\"") +
         line(before + "59.990000", "guest: [    0.000000] Linux version 6.1") +
         line(after + "00.200000",
              "guest: [    0.500000] kata-agent: agent serves started_us_ago=4000 "
              "first_process_at_us=490000") +
         line(after + "00.210000", "guest: [    0.505000] kata-agent: host connected port=x") +
         line(after + "00.240000", "guest: [    0.520000] kata-agent: container created id=c");
}

}  // namespace

TEST_CASE("a start is split by two clocks, over midnight too", "[boot]") {
  std::string missing;
  for (const auto& [before, after] : {std::pair{"12:00:", "12:01:"}, {"23:59:", "00:00:"}}) {
    const auto timeline = read_timeline(log_text(before, after), missing);
    REQUIRE(timeline);
    CHECK(timeline->kernel == Approx(0.2).margin(1e-5));
    CHECK(timeline->init == Approx(0.69).margin(1e-5));
    CHECK(timeline->agent == Approx(0.696).margin(1e-5));
    CHECK(timeline->ready == Approx(0.705).margin(1e-5));
    CHECK(timeline->container == Approx(0.72).margin(1e-5));
  }
}

TEST_CASE("a log without one of the events says which", "[boot]") {
  std::string missing;
  CHECK_FALSE(read_timeline("", missing));
  CHECK(missing == "the start of QEMU");
  std::string text = log_text("12:00:", "12:01:");
  text.erase(text.find("agent serves"), 5);
  CHECK_FALSE(read_timeline(text, missing));
  CHECK(missing == "the agent's start");
  text = log_text("12:00:", "12:01:");
  text.erase(text.find("first_process"), 5);
  CHECK_FALSE(read_timeline(text, missing));
  CHECK(missing == "when the kernel ran the first process");
  CHECK_FALSE(
      read_timeline("12:00:00.000000 x: starting machine\n12:00:00.1 guest: [ ] x\n", missing));
}

TEST_CASE("the program of a boot test says which kernel it runs on", "[boot]") {
  const TempDir dir;
  write_file(dir.path() + "/probe", boot::probe_program(), 0755);
  RealCommandRunner runner;
  Command command;
  command.argv = {dir.path() + "/probe"};
  CHECK(run_checked(runner, command).output == read_file("/proc/sys/kernel/osrelease"));
}
