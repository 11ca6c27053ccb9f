// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/rootless_findings.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/io.h"
#include "runtime/base/path.h"

using namespace kata;
using namespace kata::cli;
using hypervisor::Finding;
using hypervisor::HostProbe;

namespace {

bool everything(const std::string&) { return true; }
bool nothing(const std::string&) { return false; }

/// A host that has all that is needed; tests take things away.
struct Host {
  TempDir folder;
  RootlessUser user{.name = "alice", .number = "1000", .runtime_folder = folder.path()};
  HostProbe probe;

  Host() {
    for (const char* path : {"/dev/net", "/etc", "/proc/sys/user", "/proc/sys/kernel"})
      make_directories(folder.path() + path);
    write("/dev/net/tun", "");
    write("/dev/kvm", "");
    write("/etc/subuid", "bob:1:1\nalice:100000:65536\n");
    write("/etc/subgid", "1000:100000:65536\n");
    write("/proc/sys/user/max_user_namespaces", "100\n");
    probe.kvm_usable = true;
    probe.cgroups = hypervisor::CgroupMode::v2;
  }
  void write(const std::string& path, const std::string& text) const {
    write_file(folder.path() + path, text);
  }
  [[nodiscard]] Finding find(const std::string& name,
                             bool (*has_program)(const std::string&) = everything) const {
    for (Finding& finding : rootless_findings(user, probe, folder.path(), has_program)) {
      if (finding.name == "rootless: " + name) return finding;
    }
    FAIL("no finding " << name);
    return {};
  }
};

}  // namespace

TEST_CASE("a host with all that containers without root need has nothing to be done",
          "[rootless]") {
  const Host host;
  for (const Finding& finding :
       rootless_findings(host.user, host.probe, host.folder.path(), everything)) {
    INFO(finding.name);
    CHECK(finding.ok);
    CHECK(finding.what_to_do.empty());
  }
}

TEST_CASE("what containers without root miss is named with what to do", "[rootless]") {
  Host host;
  SECTION("user namespaces switched off") {
    host.write("/proc/sys/user/max_user_namespaces", "0\n");
    CHECK_FALSE(host.find("user namespaces").ok);
    CHECK(host.find("user namespaces").what_to_do == "sysctl user.max_user_namespaces=28633");
    host.user.is_root = true;  // root has containers all the same
    CHECK(host.find("user namespaces").ok);
  }
  SECTION("no subordinate ids") {
    host.write("/etc/subgid", "bob:1:1\n");
    CHECK_THAT(host.find("subordinate ids").what_to_do,
               Catch::Contains("usermod") && Catch::Contains("alice"));
    CHECK_THAT(host.find("subordinate ids", nothing).what_to_do, Catch::Contains("uidmap"));
  }
  SECTION("no tun device") {
    std::filesystem::remove(host.folder.path() + "/dev/net/tun");
    CHECK_FALSE(host.find("/dev/net/tun").ok);
    CHECK_THAT(host.find("/dev/net/tun").what_to_do, Catch::Contains("0666"));
  }
  SECTION("no helper for the network") {
    CHECK(host.find("network", nothing).what_to_do == "install slirp4netns");
  }
  SECTION("no KVM") {
    host.probe.kvm_usable = false;
    CHECK(host.find("accelerator").value == "TCG");
    CHECK(host.find("accelerator").ok);
  }
  SECTION("no runtime folder") {
    host.user.runtime_folder.clear();
    CHECK_FALSE(host.find("runtime folder").ok);
    CHECK_THAT(host.find("runtime folder").what_to_do, Catch::Contains("XDG_RUNTIME_DIR"));
  }
  SECTION("cgroups of version 1") {
    host.probe.cgroups = hypervisor::CgroupMode::hybrid;
    CHECK_THAT(host.find("cgroups").reason, Catch::Contains("pause"));
  }
}
