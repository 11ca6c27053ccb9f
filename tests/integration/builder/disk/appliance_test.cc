// SPDX-License-Identifier: Apache-2.0
//
// libguestfs' appliance with the guest's own kernel, as katabuild uses it.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/integration/builder/image_bench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
namespace fs = std::filesystem;

constexpr const char* kManifest = KATA_GUEST "/kernel-manifest.json";

Command image_command(const std::string& folder, const std::string& name, const std::string& disk) {
  const std::string recipe = folder + "/" + name + ".yaml";
  fs::create_directories(folder + "/base/usr/share/some");
  for (int i = 0; i < 50; ++i)
    write_file(folder + "/base/usr/share/some/file-" + std::to_string(i), "text\n");
  write_file(recipe,
             "name: test\nformat: image\nbase: {directory: " + folder +
                 "/base}\nagent: {strip: false}\n"
                 "files:\n"
                 "  - {path: /dev/fuse, device: \"c 10:229\"}\n"
                 "  - {path: /etc/owned, content: x, owner: \"700:12\", xattrs: {user.note: y}}\n"
                 "disk: {" +
                 disk + "}\n");
  Command command =
      test::image_command(recipe, folder + "/" + name + ".img", folder + "/cache", "/bin/true");
  command.argv.insert(command.argv.end(), {"--kernel-config", kManifest});
  return command;
}

CommandResult build(const std::string& folder, const std::string& name, const std::string& disk) {
  RealCommandRunner runner;
  return runner.run(image_command(folder, name, disk));
}

/// Processes with `text` among their arguments.
std::vector<std::string> processes_with(const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string arguments;
    try {
      arguments = read_file_if_exists(entry.path() / "cmdline").value_or("");
    } catch (const Error&) {
      continue;  // it ended meanwhile
    }
    if (arguments.find(text) != std::string::npos) found.push_back(pid + " " + arguments);
  }
  return found;
}

/// Those of appliances that are gone or that run; not of those that start.
std::set<std::string> socket_folders() {
  const std::string open_sockets = read_file("/proc/net/unix", 64U << 20);
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator("/tmp")) {
    if (entry.path().filename().string().starts_with("libguestfs") &&
        open_sockets.find(entry.path().string() + "/") == std::string::npos)
      found.insert(entry.path().string());
  }
  return found;
}

}  // namespace

TEST_CASE("the guest's own kernel mounts an image before it is published", "[appliance]") {
  test::require(path_exists(kManifest), "guest", "no guest kernel; run: ci/dev guest");
  const std::string kind = GENERATE(as<std::string>(), "ext4", "xfs");
  const TempDir dir;
  const CommandResult one = build(dir.path(), "one", "filesystem: " + kind);
  INFO(one.error_output);
  REQUIRE(one.status == 0);
  CHECK(one.error_output.find("which has the drivers") != std::string::npos);
  CHECK(one.error_output.find("image: mounted, and all ") != std::string::npos);
  const CommandResult two = build(dir.path(), "two", "filesystem: " + kind);
  REQUIRE(two.status == 0);
  RealCommandRunner runner;
  Command compare;
  compare.argv = {"cmp", dir.path() + "/one.img", dir.path() + "/two.img"};
  CHECK(runner.run(compare).status == 0);
}

TEST_CASE("an appliance ends with the katabuild that is killed", "[appliance]") {
  test::require(path_exists(kManifest), "guest", "no guest kernel; run: ci/dev guest");
  const TempDir dir;
  const std::set<std::string> before = socket_folders();
  ChildProcess katabuild = spawn(image_command(dir.path(), "one", "filesystem: ext4"));
  const std::string machine = dir.path() + "/cache/";
  const auto runs = [&] {
    for (const std::string& process : processes_with(machine)) {
      if (process.find("qemu") != std::string::npos) return true;
    }
    return false;
  };
  REQUIRE(test::comes_true(std::chrono::seconds(60), runs));
  katabuild.signal(SIGKILL);
  (void)katabuild.wait();
  CHECK(
      test::comes_true(std::chrono::seconds(20), [&] { return processes_with(machine).empty(); }));
  CHECK_FALSE(path_exists(dir.path() + "/one.img"));
  // The sockets' folder is libguestfs' own, in /tmp. The next appliance takes it away, unless it is
  // of the last minute
  std::vector<std::string> left;
  for (const std::string& folder : socket_folders()) {
    if (before.contains(folder)) continue;
    fs::last_write_time(folder, fs::file_time_type::clock::now() - std::chrono::minutes(2));
    left.push_back(folder);
  }
  const CommandResult next = build(dir.path(), "one", "filesystem: ext4");
  INFO(next.error_output);
  CHECK(next.status == 0);
  for (const std::string& folder : left) CHECK_FALSE(path_exists(folder));
}
