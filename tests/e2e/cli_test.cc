// SPDX-License-Identifier: Apache-2.0
//
// The OCI command line by itself, on a bundle made by hand, as an engine without Docker would use
// it.
#include "tests/e2e/bundle.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using kata::CommandResult;
using kata::Json;
using kata::test::Docker;
using kata::test::host_state;
using kata::test::left_behind;
using kata::test::OciRuntime;
using kata::test::trimmed;

TEST_CASE("the command line takes a container through its life", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  const auto before = host_state(docker);
  oci.write_bundle({"sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done"});
  const std::string pid_file = oci.folder() + "/pid";
  REQUIRE(oci.ok({"create", "--bundle", oci.bundle(), "--pid-file", pid_file, "cli-1"}));

  Json state = kata::parse_json(oci({"state", "cli-1"}).output, "state");
  CHECK(state["ociVersion"].get<std::string>().starts_with("1."));
  CHECK(state["id"] == "cli-1");
  CHECK(state["status"] == "created");
  CHECK(state["bundle"] == oci.bundle());
  CHECK(std::to_string(state["pid"].get<int>()) == trimmed(kata::read_file(pid_file)));

  REQUIRE(oci.ok({"start", "cli-1"}));
  CHECK(oci.status_of("cli-1") == "running");
  CHECK_THAT(oci({"list"}).output, Catch::Contains("cli-1") && Catch::Contains("running"));
  CHECK(kata::parse_json(oci({"list", "--format", "json"}).output, "list")[0]["id"] == "cli-1");
  CHECK(oci({"list", "-q"}).output == "cli-1\n");
  CHECK(kata::parse_json(oci({"ps", "--format", "json", "cli-1"}).output, "ps").is_array());

  const CommandResult exec = oci({"exec", "cli-1", "sh", "-c", "echo inside; exit 4"});
  CHECK(exec.output == "inside\n");
  CHECK(exec.status == 4);

  REQUIRE(oci.ok({"pause", "cli-1"}));
  CHECK(oci.status_of("cli-1") == "paused");
  REQUIRE(oci.ok({"resume", "cli-1"}));
  CHECK(oci.status_of("cli-1") == "running");
  CHECK(oci.ok({"update", "--memory", "134217728", "cli-1"}));
  CHECK_THAT(oci({"events", "--stats", "cli-1"}).output, Catch::Contains("\"memory\""));
  // A reader that has seen enough ends it.
  CHECK_THAT(oci.under({"sh", "-c", "\"$@\" | head -n 1", "sh"},
                       {"events", "--interval", "100ms", "cli-1"})
                 .output,
             Catch::Contains("\"stats\""));
  CHECK(oci({"exec", "--cgroup", "/", "cli-1", "true"}).status == 0);
  CHECK(oci({"exec", "--cgroup", "not-there", "cli-1", "true"}).status == 255);

  CHECK(oci({"delete", "cli-1"}).status != 0);  // it runs
  CHECK(oci.status_of("cli-1") == "running");
  REQUIRE(oci.ok({"kill", "cli-1", ""}));  // as none
  CHECK(kata::test::eventually([&] { return oci.status_of("cli-1") == "stopped"; }));
  CHECK_THAT(oci({"ps", "cli-1"}).output, Catch::StartsWith("UID") && !Catch::Contains("sh -c"));
  REQUIRE(oci.ok({"delete", "cli-1"}));
  CHECK(oci({"state", "cli-1"}).status != 0);
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("run waits for the container and gives its status", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  const auto before = host_state(docker);
  oci.write_bundle({"sh", "-c", "echo from run; exit 11"});
  const CommandResult result = oci({"run", "--bundle", oci.bundle(), "cli-2"});
  CHECK(result.output == "from run\n");
  CHECK(result.status == 11);
  CHECK(oci({"state", "cli-2"}).status != 0);
  CHECK(OciRuntime::cgroups_of("cli-2").empty());
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("run without standard streams gives the container empty ones", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  const auto before = host_state(docker);
  oci.write_bundle({"sh", "-c", "read line && exit 1; echo to nobody; exit 3"});
  const CommandResult result = oci.under({"sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"},
                                         {"run", "--bundle", oci.bundle(), "cli-5"});
  CHECK(result.status == 3);
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("delete --force ends a running container and cleans up", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  const auto before = host_state(docker);
  oci.write_bundle({"sleep", "1000"});
  REQUIRE(oci.ok({"create", "--bundle", oci.bundle(), "cli-3"}));
  REQUIRE(oci.ok({"start", "cli-3"}));
  if (docker.is_vm()) CHECK_FALSE(OciRuntime::cgroups_of("cli-3").empty());
  REQUIRE(oci.ok({"delete", "--force", "cli-3"}));
  CHECK(OciRuntime::cgroups_of("cli-3").empty());
  CHECK(oci({"state", "cli-3"}).status != 0);
  CHECK(oci.ok({"delete", "--force", "cli-3"}));  // as runc: nothing to do is no error
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("a container whose QEMU was killed is stopped, and delete cleans up", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no QEMU");
  OciRuntime oci(docker);
  const auto before = host_state(docker);
  oci.write_bundle({"sleep", "1000"});
  REQUIRE(oci.ok({"create", "--bundle", oci.bundle(), "cli-4"}));
  REQUIRE(oci.ok({"start", "cli-4"}));
  const std::vector<pid_t> qemu = kata::test::engine_processes(docker, "qemu");
  REQUIRE(qemu.size() == 1);
  ::kill(qemu[0], SIGKILL);
  CHECK(kata::test::eventually([&] { return oci.status_of("cli-4") == "stopped"; },
                               std::chrono::seconds(2)));
  CHECK(oci.ok({"delete", "cli-4"}));
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("delete --force removes a container whose sandbox process hangs", "[e2e][slow]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no sandbox process");
  OciRuntime oci(docker);
  const auto before = host_state(docker);
  oci.write_bundle({"sleep", "1000"});
  REQUIRE(oci.ok({"run", "--detach", "--bundle", oci.bundle(), "cli-6"}));
  const Json state = kata::read_json_file(oci.folder() + "/root/cli-6/state.json");
  REQUIRE(::kill(state.at("shim_pid").get<pid_t>(), SIGSTOP) == 0);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(oci.ok({"delete", "--force", "cli-6"}));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));
  CHECK(left_behind(docker, before) == "");
}

TEST_CASE("the command line tells about itself", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  CHECK_THAT(oci({"--version"}).output, Catch::Contains("spec: 1."));
  const Json spec = [&] {
    oci({"spec", "--bundle", oci.folder()});
    return kata::read_json_file(oci.folder() + "/config.json");
  }();
  CHECK(spec["process"]["args"].is_array());
  if (!docker.is_vm()) return;  // the rest is not runc's, or not of this age
  CHECK(kata::parse_json(oci({"features"}).output, "features").contains("ociVersionMin"));
  CHECK(oci({"version"}).status == 0);
  const CommandResult check = oci({"check"});
  INFO(check.output << check.error_output);
  CHECK(check.status == 0);
  CHECK_THAT(check.output, Catch::Contains("qemu") && Catch::Contains("tcg"));
  const CommandResult env = oci({"env"});
  CHECK(env.status == 0);
  CHECK_THAT(env.output, Catch::Contains("vmlinux"));
}
