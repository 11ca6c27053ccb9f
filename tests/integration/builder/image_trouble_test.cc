// SPDX-License-Identifier: Apache-2.0
//
// Builds of images that come to no end: no space, a kill at any moment, another build at the same
// time. The previous image stays as it was, and nothing is left.
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/text.h"
#include "tests/integration/builder/image_bench.h"
#include "tests/integration/builder/package_bench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::DebianBench;
using test::ImageBench;
using test::RpmBench;
namespace fs = std::filesystem;

/// A file system of a few bytes, until the object ends.
class SmallDisk {
 public:
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    test::require_root();
    make_directories(path_);
    if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) != 0)
      throw_errno(errno, "mount a tmpfs on {}", path_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() { ::umount2(path_.c_str(), MNT_DETACH); }

 private:
  std::string path_;
};

std::string noise(std::size_t size) {
  std::mt19937 random;
  std::string bytes(size, ' ');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// The processes that `ancestor` has started, with theirs: the command line by the number.
std::map<pid_t, std::string> started_by(pid_t ancestor) {
  std::map<pid_t, pid_t> parents;
  for (const std::string& name : names_in("/proc")) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      const std::string stat = read_file_if_exists("/proc/" + name + "/stat").value_or("");
      const std::size_t end = stat.rfind(')');
      if (end == std::string::npos || end + 4 > stat.size()) continue;
      parents[std::stoi(name)] = std::stoi(stat.substr(end + 4));
    } catch (const Error&) {
      continue;  // it ended meanwhile
    }
  }
  std::map<pid_t, std::string> found;
  for (const auto& [pid, parent] : parents) {
    pid_t above = parent;
    for (int depth = 0; depth < 30 && above > 1 && above != ancestor; ++depth)
      above = parents.contains(above) ? parents.at(above) : 0;
    if (above != ancestor) continue;
    ignore_error(
        [&, number = pid] {
          found[number] =
              read_file_if_exists("/proc/" + std::to_string(number) + "/cmdline").value_or("");
        },
        "it may have ended");
  }
  return found;
}

/// Ends the build by the signal as soon as it runs `program`, and waits until all that it has
/// started is gone.
void end_when_it_runs(const std::string& program, const Command& build, int number) {
  ChildProcess katabuild = spawn(build);
  std::map<pid_t, std::string> started;
  const bool ran = test::comes_true(std::chrono::seconds(60), [&] {
    started = started_by(katabuild.pid());
    return std::any_of(started.begin(), started.end(), [&](const auto& process) {
      return fs::path(process.second.substr(0, process.second.find('\0'))).filename() == program ||
             process.second.find("/" + program + std::string(1, '\0')) != std::string::npos;
    });
  });
  katabuild.signal(number);
  const int status = katabuild.wait();
  REQUIRE(ran);
  CHECK(status == 128 + number);
  CHECK(test::comes_true(std::chrono::seconds(20), [&] {
    return std::none_of(started.begin(), started.end(), [](const auto& process) {
      const std::string stat =
          read_file_if_exists("/proc/" + std::to_string(process.first) + "/stat").value_or("");
      return !stat.empty() && stat.find(") Z ") == std::string::npos;
    });
  }));
}

}  // namespace

TEST_CASE("no space for an image is told, and the previous image stays", "[image-trouble]") {
  const std::string kind = GENERATE(as<std::string>(), "initrd", "image");
  const std::string place = GENERATE(as<std::string>(), "out", "cache");
  CAPTURE(kind, place);
  const ImageBench bench;
  const SmallDisk disk(bench.path(place), "4m");
  make_directories(bench.path("base"));
  bench.write_recipe("format: " + kind + "\nbase: {directory: base}\n" +
                     (kind == "image" ? "disk: {filesystem: erofs}\n" : ""));
  const CommandResult small = bench.run();
  INFO(small.error_output);
  REQUIRE(small.status == 0);
  const std::string before = read_file(bench.path("out/i.img"));
  const std::vector<std::string> names = names_in(bench.path("out"));
  write_file(bench.path("base/noise"), noise(6U << 20));
  const CommandResult large = bench.run();
  INFO(large.error_output);
  CHECK(large.status == 1);
  CHECK_THAT(large.error_output, Catch::Contains("disk full (") &&
                                     Catch::Contains("MB free on " + bench.path(place)) &&
                                     Catch::Contains("make room there"));
  CHECK(read_file(bench.path("out/i.img")) == before);
  CHECK(names_in(bench.path("out")) == names);
  CHECK(bench.left_behind().empty());
  fs::remove(bench.path("base/noise"));
  CHECK(bench.run().status == 0);
}

TEST_CASE("no space while packages are installed is told, and no tree is kept", "[image-trouble]") {
  const DebianBench bench;
  const SmallDisk disk(bench.path("cache"), "64k");
  bench.packages("[tiny]");
  const CommandResult result = bench.run();
  INFO(result.error_output);
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains("disk full ("));
  CHECK_FALSE(fs::exists(bench.path("out")));
  CHECK(bench.left_behind().empty());
}

TEST_CASE("a build that is ended while it installs packages leaves nothing", "[image-trouble]") {
  const DebianBench debian;
  debian.packages("[tiny-lib]");
  const RpmBench rpm;
  rpm.packages("[demo]");
  // sleep is what a package's %post runs, a process of rpm's
  const auto [program, is_rpm, packages, number] = GENERATE(
      table<std::string, bool, std::string, int>({{"apt-get", false, "[tiny]", SIGKILL},
                                                  {"mmdebstrap", false, "[tiny]", SIGKILL},
                                                  {"dnf", true, "[demo, demo-lib]", SIGKILL},
                                                  {"sleep", true, "[demo, demo-slow]", SIGKILL},
                                                  {"sleep", true, "[demo, demo-slow]", SIGTERM}}));
  CAPTURE(program, number);
  const ImageBench& bench = is_rpm ? static_cast<const ImageBench&>(rpm) : debian;
  REQUIRE(bench.run().status == 0);
  const std::string before = read_file(bench.path("out/i.img"));
  const std::vector<std::string> names = names_in(bench.path("out"));
  is_rpm ? rpm.packages(packages) : debian.packages(packages);
  end_when_it_runs(program, bench.command(), number);
  CHECK(read_file(bench.path("out/i.img")) == before);
  CHECK(names_in(bench.path("out")) == names);
  CHECK(read_file("/proc/self/mountinfo").find(bench.path()) == std::string::npos);
  const CommandResult again = bench.run();  // goes on, and takes the rest away
  INFO(again.error_output);
  CHECK(again.status == 0);
  CHECK(read_file(bench.path("out/i.img")) != before);
  CHECK(bench.left_behind().empty());
}

TEST_CASE("two builds of the same packages in one cache do not meet", "[image-trouble]") {
  const DebianBench bench;
  bench.packages("[tiny]");
  Command other = bench.command({"--lock", bench.path("other.lock")});
  std::replace(other.argv.begin(), other.argv.end(), bench.path("out/i.img"),
               bench.path("other/i.img"));
  ChildProcess first = spawn(bench.command());
  ChildProcess second = spawn(other);
  ChildProcess third = spawn(bench.command());  // of the same image, too
  CHECK(first.wait() == 0);
  CHECK(second.wait() == 0);
  CHECK(third.wait() == 0);
  CHECK(read_file(bench.path("out/i.img")) == read_file(bench.path("other/i.img")));
  CHECK(read_file(bench.path("r.lock")) == read_file(bench.path("other.lock")));
  CHECK(names_in(bench.path("cache/trees")).size() == 1);
  CHECK(bench.left_behind().empty());
}
