// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "runtime/agent/machine/hotplug.h"
#include "runtime/agent/machine/kernel_modules.h"
#include "runtime/agent/machine/metrics.h"
#include "runtime/agent/machine/process_list.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;

namespace {

void put(const TempDir& root, const std::string& folder, const std::string& file,
         const std::string& text) {
  make_directories(root.path() + folder);
  write_file(root.path() + folder + "/" + file, text);
}

}  // namespace

TEST_CASE("offline processors and memory come online, as many as asked for", "[machine]") {
  const TempDir root;
  const std::string cpu = "/sys/devices/system/cpu";
  const std::string memory = "/sys/devices/system/memory";
  make_directories(root.path() + cpu + "/cpu0");  // the boot processor has no "online" file
  for (const char* name : {"/cpu1", "/cpu2", "/cpu10"}) put(root, cpu + name, "online", "0\n");
  put(root, cpu + "/cpufreq", "online", "0\n");
  put(root, memory + "/memory0", "online", "1\n");
  put(root, memory + "/memory32", "online", "0\n");

  const OnlineResult two = online_all(2, true, root.path());
  CHECK(two.cpus == 2);
  CHECK(two.memory_blocks == 0);
  CHECK(read_file(root.path() + cpu + "/cpu2/online") == "1");
  CHECK(read_file(root.path() + cpu + "/cpu10/online") == "0\n");
  const OnlineResult rest = online_all(0, false, root.path());
  CHECK(rest.cpus == 1);
  CHECK(rest.memory_blocks == 1);
  CHECK(read_file(root.path() + cpu + "/cpufreq/online") == "0\n");
}

TEST_CASE("ranges of processors are counted", "[machine]") {
  const TempDir root;
  const auto [text, count] =
      GENERATE(std::pair{"0\n", 1U}, std::pair{"0-3\n", 4U}, std::pair{"0-1,4,6-7\n", 5U});
  put(root, "/sys/devices/system/cpu", "online", text);
  CHECK(online_cpus(root.path()) == count);
}

TEST_CASE("a guest without memory hot-plug says so", "[machine]") {
  const TempDir root;
  CHECK(memory_block_size(root.path()) == 0);
  CHECK_FALSE(can_probe_memory(root.path()));
  put(root, "/sys/devices/system/memory", "block_size_bytes", "8000000\n");
  CHECK(memory_block_size(root.path()) == 0x8000000);
}

TEST_CASE("a process whose name has parentheses and spaces is read", "[machine]") {
  const TempDir root;
  put(root, "/proc", "stat", "cpu 1 2 3\nbtime 1000\n");
  put(root, "/proc/42", "stat",
      "42 (a) b) S 7 42 42 34816 42 0 0 0 0 0 250 50 0 0 20 0 1 0 200 8192 3\n");
  put(root, "/proc/42", "status", "Name:\ta) b\nUid:\t5\t6\t6\t6\nNSpid:\t42\t3\n");
  put(root, "/proc/42", "cmdline", std::string("sh\0-c\0echo x\0", 13));
  const std::optional<ProcessFacts> facts = read_process(42, root.path());
  REQUIRE(facts);
  CHECK(facts->parent == 7);
  CHECK(facts->uid == 5);
  CHECK(facts->tty == "pts/0");
  CHECK(facts->container_pid == 3);
  CHECK(facts->command == "sh -c echo x");
  CHECK(facts->name == "a) b");
  CHECK(facts->virtual_kib == 8);
  CHECK(facts->resident_kib == 3U * static_cast<unsigned>(::sysconf(_SC_PAGESIZE)) / 1024);
  CHECK(facts->cpu_milliseconds == 300U * 1000 / static_cast<unsigned>(::sysconf(_SC_CLK_TCK)));
  put(root, "/proc/42", "cmdline", "");
  CHECK(read_process(42, root.path())->command == "[a) b]");
  CHECK_FALSE(read_process(43, root.path()));
}

TEST_CASE("metrics are well-formed lines, whatever is missing", "[machine]") {
  const TempDir empty;
  CHECK(guest_metrics(empty.path()).find("kata_guest_meminfo{") == std::string::npos);
  const std::string text = guest_metrics();
  CHECK(text.find("kata_guest_load{item=\"load1\"} ") != std::string::npos);
  CHECK(text.find("kata_agent_resident_pages ") != std::string::npos);
}

TEST_CASE("a kernel module is loaded by name, and no name is an option", "[modules]") {
  struct Recorder final : CommandRunner {
    std::vector<std::string> argv;
    bool is_missing = false;
    CommandResult run(const Command& command) override {
      if (is_missing) throw Error(Code::not_found, "modprobe: no such program");
      argv = command.argv;
      return {};
    }
    CommandResult run_lines(const Command& command,
                            const std::function<void(std::string_view)>&) override {
      return run(command);
    }
  } runner;
  load_kernel_module("xt_mark", {"debug=1"}, runner);
  CHECK(runner.argv == std::vector<std::string>{"modprobe", "--", "xt_mark", "debug=1"});
  CHECK_THROWS_WITH(load_kernel_module("-r", {}, runner), Catch::Contains("no module's name"));
  CHECK_THROWS_WITH(load_kernel_module("../x", {}, runner), Catch::Contains("no module's name"));
  runner.is_missing = true;
  CHECK_THROWS_WITH(load_kernel_module("xt_mark", {}, runner),
                    Catch::Contains("the guest's image has no modprobe"));
}
