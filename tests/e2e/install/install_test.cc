// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "runtime/base/json.h"
#include "tests/e2e/install/install_root.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::InstallRoot;
namespace fs = std::filesystem;

constexpr const char* kRuntime = "/usr/bin/kata-runtime";
constexpr const char* kShim = "/usr/bin/containerd-shim-kata-v2";
constexpr const char* kConfiguration = "/etc/kata-containers/configuration.toml";
constexpr const char* kDropIn = "/etc/kata-containers/config.d/mine.toml";
constexpr const char* kMine = "# mine\n[hypervisor.qemu]\ndefault_memory = 1024\n";
constexpr const char* kMyDropIn = "[agent.kata]\ndial_timeout = 60\n";

std::string said(const CommandResult& result) { return result.output + result.error_output; }

void check_ok(const CommandResult& result) {
  INFO(said(result));
  REQUIRE(result.status == 0);
}

void install(const InstallRoot& system) {
  check_ok(system.install_release());
  check_ok(system.dnf({"install", "kata-runtime"}));
}

/// A container in its own machine, from its start to its end.
void check_container(const InstallRoot& system) {
  system.write_bundle({"uname", "-r"});
  const CommandResult ran = system.run({kRuntime, "run", "--bundle", "/srv/bundle", "once"});
  INFO(said(ran));
  CHECK(ran.status == 0);
  CHECK_THAT(ran.output, Catch::EndsWith(".container\n"));
}

std::string installed_kata(const InstallRoot& system) {
  std::set<std::string> names;
  std::istringstream lines(system.rpm({"-qa", "kata-*"}).output);
  for (std::string line; std::getline(lines, line);)
    names.insert(line.substr(0, line.find("-1.el")));
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

/// The processes that run a program of the root, whether its file is still there or not.
std::vector<std::string> running(const InstallRoot& system, const std::string& program) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string target = fs::read_symlink(entry.path() / "exe", error).string();
    if (!error && target.starts_with(system.path(program))) folders.push_back(entry.path());
  }
  return folders;
}

/// The files of `now` that `before` does not have, or has with other bytes, and those that are
/// gone. What programs keep until the next boot, and the test's own bundle, are left out.
std::vector<std::string> changes(const std::map<std::string, std::string>& before,
                                 const std::map<std::string, std::string>& now) {
  std::vector<std::string> names;
  const auto counts = [](const std::string& name) {
    return !name.starts_with("/run/") && !name.starts_with("/tmp/") && !name.starts_with("/srv");
  };
  for (const auto& [name, bytes] : now) {
    const auto old = before.find(name);
    if (counts(name) && (old == before.end() || old->second != bytes)) names.push_back(name);
  }
  for (const auto& [name, bytes] : before) {
    if (counts(name) && !now.contains(name)) names.push_back("gone: " + name);
  }
  return names;
}

/// What is between quotes and begins like a program of ours.
std::set<std::string> named_programs(const std::string& text) {
  std::set<std::string> names;
  for (std::size_t at = text.find("\"/usr/"); at != std::string::npos;
       at = text.find("\"/usr/", at + 1))
    names.insert(text.substr(at + 1, text.find('"', at + 1) - at - 1));
  return names;
}

/// The files by which engines find the runtime name programs that are there.
void check_engines_files(const InstallRoot& system) {
  for (const char* file :
       {"/etc/crio/crio.conf.d/50-kata.conf", "/etc/containers/containers.conf.d/50-kata.conf",
        "/usr/share/kata-containers/docker/daemon.json"}) {
    INFO(file);
    const std::set<std::string> programs = named_programs(read_file(system.path(file)));
    CHECK_FALSE(programs.empty());
    for (const std::string& program : programs)
      CHECK(system.run({program, "--version"}).status == 0);
  }
  CHECK(parse_json(read_file(system.path("/usr/share/kata-containers/docker/daemon.json")), "json")
            .at("runtimes")
            .contains("kata-runtime"));
  // containerd as it is told to in the file's own comment.
  test::require_program("containerd");
  write_file(system.path("/etc/containerd/config.toml"),
             "version = 2\nimports = [\"" + system.path("/etc/containerd/conf.d/*.toml") + "\"]\n");
  RealCommandRunner runner;
  const CommandResult dump =
      runner.run({.argv = {"containerd", "--config", system.path("/etc/containerd/config.toml"),
                           "config", "dump"},
                  .timeout = std::chrono::seconds(30)});
  INFO(dump.error_output);
  CHECK(dump.status == 0);
  CHECK_THAT(dump.output, Catch::Contains(".containerd.runtimes.kata]") &&
                              Catch::Contains("\"io.containerd.kata.v2\""));
  fs::remove(system.path("/etc/containerd/config.toml"));
}

}  // namespace

TEST_CASE("dnf install kata-runtime gives a system from which a container starts in its machine",
          "[install]") {
  const std::string release = GENERATE("el9", "el7");
  const InstallRoot system("current", release);
  const auto before = system.files();
  // The key has to be known before the package that brings it.
  const CommandResult stranger = system.install_release(false);
  INFO(said(stranger));
  CHECK(stranger.status != 0);
  CHECK_THAT(said(stranger), Catch::Contains("Public key for kata-release-" + release) &&
                                 Catch::Contains("is not installed"));
  check_ok(system.install_release());
  // Nothing that is only recommended: what a container takes is required.
  check_ok(system.dnf({"install", "--setopt=install_weak_deps=False", "kata-runtime"}));
  // Not a word from rpm: every digest, mode and owner is as the packages say.
  CHECK(said(system.rpm({"-Va"})) == "");

  const CommandResult check = system.run({kRuntime, "check"});
  INFO(said(check));
  CHECK(check.status == 0);
  CHECK_THAT(check.output, Catch::Contains("QEMU: /usr/libexec/qemu-kvm") &&
                               Catch::Contains("/usr/share/kata-containers/vmlinux.container") &&
                               Catch::Contains("System can run containers"));
  // Oracle Linux 7 and 8 have it in QEMU's package, so ours asks for it from el9 on.
  CHECK_THAT(check.output, Catch::Contains(release == "el9" ? "/usr/libexec/virtiofsd" : "9p"));
  check_container(system);
  check_engines_files(system);

  write_file(system.path(kConfiguration), kMine);
  write_file(system.path(kDropIn), kMyDropIn);
  check_ok(system.dnf({"remove", "kata-runtime", "kata-release-" + release}));
  // What was installed for kata-runtime's sake went with it.
  CHECK(installed_kata(system) == "");
  CHECK(system.rpm({"-q", "qemu-kvm-core"}).status != 0);
  CHECK(changes(before, system.files()) ==
        std::vector<std::string>{"/etc/kata-containers", "/etc/kata-containers/config.d", kDropIn,
                                 std::string(kConfiguration) + ".rpmsave"});
  CHECK(read_file(system.path(std::string(kConfiguration) + ".rpmsave")) == kMine);
}

TEST_CASE("a container that runs survives an upgrade, and dnf history undo takes it back",
          "[install]") {
  const InstallRoot system("previous");
  install(system);
  CHECK_THAT(installed_kata(system),
             Catch::Contains("kata-runtime-0.0.9") && Catch::Contains("kata-image-0.0.9"));
  write_file(system.path(kConfiguration), kMine);
  write_file(system.path(kDropIn), kMyDropIn);
  const std::string repo_file = "/etc/yum.repos.d/kata.repo";
  const std::string my_repo = read_file(system.path(repo_file)) + "priority=10\n";
  write_file(system.path(repo_file), my_repo);
  system.write_bundle({"sh", "-c", "while :; do sleep 1; done"});
  check_ok(system.run({kRuntime, "run", "--detach", "--bundle", "/srv/bundle", "long"}));
  const std::vector<std::string> shims = running(system, kShim);
  REQUIRE(shims.size() == 1);
  REQUIRE(running(system, "/usr/libexec/qemu-kvm").size() == 1);

  system.serve("current");
  check_ok(system.dnf({"upgrade", "--refresh"}));
  const std::string current = installed_kata(system);
  CHECK_THAT(current, !Catch::Contains("-0.0.9") && Catch::Contains("kata-release-el9-"));
  // Every file is as its package says, but those that are the user's.
  const CommandResult verified = system.rpm({"-Va"});
  CHECK(verified.output ==
        "S.5....T.  c " + std::string(kConfiguration) + "\nS.5....T.  c " + repo_file + "\n");
  CHECK(read_file(system.path(kConfiguration)) == kMine);
  CHECK(read_file(system.path(kDropIn)) == kMyDropIn);
  CHECK(read_file(system.path(repo_file)) == my_repo);
  CHECK(read_file(system.path(std::string(kConfiguration) + ".rpmnew")) ==
        read_file(system.path("/usr/share/defaults/kata-containers/configuration.toml")));

  // The old programs go on, from files that have no name any more; the new command line drives
  // them.
  CHECK(running(system, kShim) == shims);
  CHECK_THAT(read_file(shims[0] + "/exe"), Catch::EndsWith("previous\n"));
  CHECK_THAT(read_file(system.path(kShim)), !Catch::EndsWith("previous\n"));
  write_file(system.path("/srv/bundle/rootfs/later"), "written after the upgrade\n");
  const CommandResult exec = system.run({kRuntime, "exec", "long", "cat", "/later"});
  INFO(said(exec));
  CHECK(exec.status == 0);
  CHECK(exec.output == "written after the upgrade\n");
  check_container(system);

  check_ok(system.dnf({"history", "undo", "last"}));
  CHECK_THAT(installed_kata(system), Catch::Contains("kata-runtime-0.0.9") &&
                                         Catch::Contains("kata-image-0.0.9") &&
                                         Catch::Contains("kata-release-el9-0.0.9"));
  CHECK(read_file(system.path(kConfiguration)) == kMine);
  CHECK_THAT(read_file(system.path(kShim)), Catch::EndsWith("previous\n"));
  check_container(system);
  check_ok(system.run({kRuntime, "kill", "long", "KILL"}));
  check_ok(system.run({kRuntime, "delete", "--force", "long"}));
  CHECK(running(system, kShim).empty());
  CHECK(running(system, "/usr/libexec/qemu-kvm").empty());

  // The other way is the same: up again by name.
  check_ok(system.dnf({"upgrade", "kata-*"}));
  CHECK(installed_kata(system) == current);
}
