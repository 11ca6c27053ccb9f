// SPDX-License-Identifier: Apache-2.0
//
// Values that the specification calls errors, and fields that a runtime either honours or refuses:
// a container that starts without what was asked for is the one thing that must not be.
#include <catch2/catch.hpp>
#include <functional>

#include "runtime/base/io.h"
#include "tests/conformance/runtime.h"

using kata::Json;
using kata::conformance::Bundle;
using kata::conformance::Refusal;
using kata::conformance::refusal_of;

namespace {

/// A bundle that would run, changed by `change`, is refused and leaves nothing.
void check_refused(const std::function<void(Json&)>& change) {
  Bundle bundle({"true"});
  change(bundle.config);
  const Refusal refusal = refusal_of(bundle);
  INFO(refusal.words);
  CHECK(refusal.refused);
  CHECK(refusal.clean);
}

Json one_rule(const Json& rule) {
  return {{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", Json::array({rule})}};
}

}  // namespace

TEST_CASE("config.md, Configuration: a bundle without config.json is an error") {
  const Bundle bundle({"true"});
  CHECK(kata::conformance::runtime({"create", "--bundle", bundle.path(), "conformance-none"})
            .status != 0);
}

TEST_CASE("config.md, Configuration: text that is not JSON is an error") {
  const Bundle bundle({"true"});
  kata::write_file(bundle.path() + "/config.json", "{ \"ociVersion\": \"1.0.2\", }");
  CHECK(kata::conformance::runtime({"create", "--bundle", bundle.path(), "conformance-none"})
            .status != 0);
}

TEST_CASE("config.md, Valid values: a value of another type is an error") {
  check_refused([](Json& c) { c["process"]["args"] = "true"; });
  check_refused([](Json& c) { c["linux"]["namespaces"] = "all"; });
}

TEST_CASE("config.md, Specification version: without one it is an error") {
  check_refused([](Json& c) { c.erase("ociVersion"); });
}

TEST_CASE("config.md, Specification version: one that is not SemVer is an error") {
  check_refused([](Json& c) { c["ociVersion"] = "abc"; });
}

TEST_CASE("config.md, Specification version: another major one is an error") {
  check_refused([](Json& c) { c["ociVersion"] = "2.0.0"; });
}

TEST_CASE("config.md, Root: a path that does not exist is an error") {
  check_refused([](Json& c) { c["root"]["path"] = "no-such-folder"; });
}

TEST_CASE("config.md, Root: a configuration without root is an error") {
  check_refused([](Json& c) { c.erase("root"); });
}

TEST_CASE("config.md, Mounts: a source of a bind mount that does not exist is an error") {
  check_refused([](Json& c) {
    c["mounts"].push_back({{"destination", "/x"},
                           {"type", "bind"},
                           {"source", "/no/such/source"},
                           {"options", {"rbind"}}});
  });
}

TEST_CASE("config.md, Mounts: a file system that the kernel does not know is an error") {
  check_refused([](Json& c) {
    c["mounts"].push_back({{"destination", "/x"}, {"type", "nosuchfs"}, {"source", "none"}});
  });
}

TEST_CASE("config.md, Mounts: an option that the file system does not know is an error") {
  check_refused([](Json& c) {
    c["mounts"].push_back({{"destination", "/x"},
                           {"type", "tmpfs"},
                           {"source", "tmpfs"},
                           {"options", Json::array({"nosuchoption=1"})}});
  });
}

TEST_CASE("config.md, Process: a cwd that is not absolute is an error") {
  check_refused([](Json& c) { c["process"]["cwd"] = "bin"; });
}

TEST_CASE("config.md, Process: without args it is an error") {
  check_refused([](Json& c) { c["process"]["args"] = Json::array(); });
}

TEST_CASE("config.md, POSIX process: an unknown rlimit is an error") {
  check_refused([](Json& c) {
    c["process"]["rlimits"] = Json::array({{{"type", "RLIMIT_NOSUCH"}, {"soft", 1}, {"hard", 1}}});
  });
}

TEST_CASE("config.md, POSIX process: the same rlimit twice is an error") {
  check_refused([](Json& c) {
    const Json limit = {{"type", "RLIMIT_NOFILE"}, {"soft", 64}, {"hard", 64}};
    c["process"]["rlimits"] = Json::array({limit, limit});
  });
}

TEST_CASE("config.md, Linux Process: an unknown capability is no error") {
  Bundle bundle({"true"});
  bundle.config["process"]["capabilities"]["bounding"].push_back("CAP_NO_SUCH");
  kata::conformance::Container container(bundle);
  CHECK(container.create().status == 0);
}

TEST_CASE("config.md, Linux Process: an oomScoreAdj that cannot be set is an error") {
  check_refused([](Json& c) { c["process"]["oomScoreAdj"] = 5000; });
}

TEST_CASE("config.md, Linux Process: an AppArmor profile that is not loaded is an error") {
  check_refused([](Json& c) { c["process"]["apparmorProfile"] = "conformance-no-such-profile"; });
}

TEST_CASE("config.md, Linux Process: a scheduler that is not applied is an error") {
  check_refused([](Json& c) { c["process"]["scheduler"] = {{"policy", "SCHED_NO_SUCH"}}; });
}

TEST_CASE("config.md, Linux Process: an unknown ioPriority class is an error") {
  check_refused([](Json& c) { c["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_NO_SUCH"}}; });
}

TEST_CASE("config.md, Hostname: without a UTS namespace of its own it is an error") {
  check_refused([](Json& c) {
    c["hostname"] = "conformance-host";
    Json& spaces = c["linux"]["namespaces"];
    for (std::size_t i = spaces.size(); i-- > 0;) {
      if (spaces[i].at("type") == "uts") spaces.erase(i);
    }
  });
}

TEST_CASE("config.md, Annotations: a value that is not a string is an error") {
  check_refused([](Json& c) { c["annotations"]["org.example.number"] = 3; });
}

TEST_CASE("config-linux.md, Namespaces: the same type twice is an error") {
  check_refused([](Json& c) { c["linux"]["namespaces"].push_back({{"type", "ipc"}}); });
}

TEST_CASE("config-linux.md, Namespaces: an unknown type is an error") {
  check_refused([](Json& c) { c["linux"]["namespaces"].push_back({{"type", "nosuch"}}); });
}

TEST_CASE("config-linux.md, Namespaces: a path that is not absolute is an error") {
  check_refused([](Json& c) {
    c["linux"]["namespaces"].push_back({{"type", "cgroup"}, {"path", "proc/self/ns/cgroup"}});
  });
}

TEST_CASE("config-linux.md, Namespaces: a path of a namespace of another type is an error") {
  check_refused([](Json& c) {
    for (Json& space : c["linux"]["namespaces"]) {
      if (space.at("type") == "ipc") space["path"] = "/proc/self/ns/uts";
    }
  });
}

TEST_CASE(
    "config-linux.md, Namespaces: a network path of a namespace of another type is an error") {
  check_refused([](Json& c) {
    for (Json& space : c["linux"]["namespaces"]) {
      if (space.at("type") == "network") space["path"] = "/proc/self/ns/uts";
    }
  });
}

TEST_CASE("config-linux.md, Time namespace: offsets are applied or refused") {
  check_refused([](Json& c) { c["linux"]["timeOffsets"]["nosuchclock"] = {{"secs", 1000}}; });
}

TEST_CASE("config-linux.md, Devices: an unknown type is an error") {
  check_refused([](Json& c) {
    c["linux"]["devices"] =
        Json::array({{{"path", "/dev/x"}, {"type", "x"}, {"major", 1}, {"minor", 3}}});
  });
}

TEST_CASE("config-linux.md, Devices: a file that is there and does not match is an error") {
  check_refused([](Json& c) {
    c["linux"]["devices"] =
        Json::array({{{"path", "/bin/sh"}, {"type", "c"}, {"major", 1}, {"minor", 3}}});
  });
}

TEST_CASE("config-linux.md, Unified: a controller that is not there is an error") {
  check_refused([](Json& c) { c["linux"]["resources"]["unified"] = {{"nosuch.max", "1"}}; });
}

TEST_CASE("config-linux.md, Huge page limits: a page size that does not exist is an error") {
  check_refused([](Json& c) {
    c["linux"]["resources"]["hugepageLimits"] =
        Json::array({{{"pageSize", "3MB"}, {"limit", 3 << 20}}});
  });
}

TEST_CASE("config-linux.md, RDMA: limits for a device that is not there are an error") {
  check_refused([](Json& c) { c["linux"]["resources"]["rdma"]["nosuch0"] = {{"hcaHandles", 3}}; });
}

TEST_CASE("config-linux.md, IntelRdt: without a resctrl file system it is an error") {
  check_refused([](Json& c) { c["linux"]["intelRdt"] = {{"closID", "conformance"}}; });
  check_refused([](Json& c) { c["linux"]["intelRdt"] = {{"l3CacheSchema", "L3:0=f"}}; });
}

TEST_CASE("config-linux.md, Sysctl: a parameter that does not exist is an error") {
  check_refused([](Json& c) { c["linux"]["sysctl"] = {{"net.no.such.parameter", "1"}}; });
}

TEST_CASE("config-linux.md, Seccomp: an unknown action is an error") {
  check_refused([](Json& c) {
    c["linux"]["seccomp"] = one_rule({{"names", {"reboot"}}, {"action", "SCMP_ACT_NOSUCH"}});
  });
  check_refused([](Json& c) { c["linux"]["seccomp"] = {{"defaultAction", "SCMP_ACT_NOSUCH"}}; });
}

TEST_CASE("config-linux.md, Seccomp: an unknown architecture is an error") {
  check_refused([](Json& c) {
    c["linux"]["seccomp"] =
        one_rule({{"names", Json::array({"reboot"})}, {"action", "SCMP_ACT_ERRNO"}});
    c["linux"]["seccomp"]["architectures"] = Json::array({"SCMP_ARCH_NOSUCH"});
  });
}

TEST_CASE("config-linux.md, Seccomp: an unknown operator is an error") {
  check_refused([](Json& c) {
    const Json argument = {{"index", 0}, {"value", 1}, {"op", "SCMP_CMP_NOSUCH"}};
    c["linux"]["seccomp"] = one_rule({{"names", Json::array({"dup"})},
                                      {"action", "SCMP_ACT_ERRNO"},
                                      {"args", Json::array({argument})}});
  });
}

TEST_CASE("config-linux.md, Seccomp: errnoRet for an action without one is an error") {
  check_refused([](Json& c) {
    c["linux"]["seccomp"] = one_rule(
        {{"names", Json::array({"reboot"})}, {"action", "SCMP_ACT_KILL"}, {"errnoRet", 5}});
  });
}

TEST_CASE("config-linux.md, Seccomp: a rule without names is an error") {
  check_refused([](Json& c) {
    c["linux"]["seccomp"] = one_rule({{"names", Json::array()}, {"action", "SCMP_ACT_ERRNO"}});
  });
}

TEST_CASE("config-linux.md, Seccomp: an unknown flag is an error") {
  check_refused([](Json& c) {
    c["linux"]["seccomp"] = {{"defaultAction", "SCMP_ACT_ALLOW"},
                             {"flags", Json::array({"SECCOMP_FILTER_FLAG_NOSUCH"})}};
  });
}

TEST_CASE("config-linux.md, Seccomp: a listener that nobody serves is an error") {
  check_refused([](Json& c) {
    c["linux"]["seccomp"] =
        one_rule({{"names", Json::array({"reboot"})}, {"action", "SCMP_ACT_NOTIFY"}});
    c["linux"]["seccomp"]["listenerPath"] = "/no/such/socket";
  });
}

TEST_CASE("config-linux.md, Rootfs Mount Propagation: an unknown one is an error") {
  check_refused([](Json& c) { c["linux"]["rootfsPropagation"] = "nosuch"; });
}

TEST_CASE("config-linux.md, Personality: an unknown domain is an error") {
  check_refused([](Json& c) { c["linux"]["personality"] = {{"domain", "NOSUCH"}}; });
}
