// SPDX-License-Identifier: Apache-2.0
//
// Bad input: one clear error, a non-zero status, nothing left behind.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "tests/e2e/bundle.h"
#include "tests/support/docker.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using kata::CommandResult;
using kata::test::Docker;
using kata::test::host_state;
using kata::test::left_behind;
using kata::test::OciRuntime;

namespace {

/// The engine's configuration with `line` added under `section`, for one test.
std::string configuration_with(OciRuntime& oci, const std::string& section,
                               const std::string& line) {
  std::string text = kata::read_file(oci.configuration());
  const std::string key = line.substr(0, line.find(' '));
  // A key may appear once only: the old line goes.
  for (std::size_t at = 0; (at = text.find("\n" + key + " ", at)) != std::string::npos;) {
    text.erase(at + 1, text.find('\n', at + 1) - at);
  }
  const std::size_t header = text.find("[" + section + "]");
  if (header == std::string::npos) {
    text += "\n[" + section + "]\n" + line + "\n";
  } else {
    text.insert(text.find('\n', header) + 1, line + "\n");
  }
  const std::string path = oci.folder() + "/configuration.toml";
  kata::write_file(path, text);
  return path;
}

/// Tries to create `id` and expects a refusal that contains each of `expected` and leaves nothing.
void check_refused(Docker& docker, OciRuntime& oci, const std::string& id,
                   const std::vector<std::string>& expected) {
  const auto before = host_state(docker);
  const CommandResult result = oci({"create", "--bundle", oci.bundle(), id});
  INFO("stderr: " << result.error_output);
  CHECK(result.status != 0);
  for (const std::string& text : expected) CHECK_THAT(result.error_output, Catch::Contains(text));
  // What it has answered is not told a second time from its log.
  CHECK_THAT(result.error_output, !Catch::Contains("the sandbox process said"));
  CHECK(oci({"state", id}).status != 0);
  CHECK(left_behind(docker, before) == "");
  CHECK(OciRuntime::cgroups_of(id).empty());
}

}  // namespace

TEST_CASE("a bundle without config.json is refused", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  kata::make_directories(oci.bundle());
  check_refused(docker, oci, "bad-1", {"config.json"});
}

TEST_CASE("a config.json that is not JSON is refused", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  oci.write_bundle({"true"});
  kata::write_file(oci.bundle() + "/config.json",
                   "{\n  \"ociVersion\": \"1.0.2\",\n  \"process\": [,]\n}\n");
  check_refused(docker, oci, "bad-2",
                docker.is_vm() ? std::vector<std::string>{"config.json:3:"}
                               : std::vector<std::string>{"invalid character"});
}

TEST_CASE("a container id that is taken or has a slash is refused", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  oci.write_bundle({"sleep", "1000"});
  check_refused(docker, oci, "../bad", {"id"});
  check_refused(docker, oci, "bad/3", {"id"});
  REQUIRE(oci.ok({"create", "--bundle", oci.bundle(), "bad-3"}));
  const CommandResult again = oci({"create", "--bundle", oci.bundle(), "bad-3"});
  CHECK(again.status != 0);
  CHECK_THAT(again.error_output, Catch::Contains("exist"));
  CHECK(oci.status_of("bad-3") == "created");
}

TEST_CASE("verbs on a container that does not exist say so", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"state", "nobody"},
                                             {"start", "nobody"},
                                             {"kill", "nobody", "TERM"},
                                             {"delete", "nobody"},
                                             {"pause", "nobody"}}) {
    const CommandResult result = oci(words);
    INFO(words[0] << ": " << result.error_output);
    CHECK(result.status != 0);
    CHECK_THAT(result.error_output, Catch::Contains("exist") || Catch::Contains("not found") ||
                                        Catch::Contains("no container"));
  }
}

TEST_CASE("an unknown configuration key is refused with its place and the nearest key", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no configuration");
  OciRuntime oci(docker);
  oci.write_bundle({"true"});
  oci.use_configuration(configuration_with(oci, "hypervisor.qemu", "default_vcpu = 1"));
  check_refused(docker, oci, "bad-4", {"configuration.toml:", "default_vcpu", "default_vcpus"});
}

TEST_CASE("a QEMU, kernel or initrd that is not there is named", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no VM");
  OciRuntime oci(docker);
  oci.write_bundle({"true"});
  const std::string original = oci.configuration();
  for (const std::string& line :
       {std::string("path = \"/no/such/qemu\""), std::string("kernel = \"/no/such/vmlinux\""),
        std::string("initrd = \"/no/such/initrd\"")}) {
    oci.use_configuration(original);
    oci.use_configuration(configuration_with(oci, "hypervisor.qemu", line));
    check_refused(docker, oci, "bad-5",
                  {line.substr(line.find('/'), line.size() - line.find('/') - 1)});
  }
}

TEST_CASE("a guest that never answers is reported with the end of its console", "[e2e][slow]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no guest");
  OciRuntime oci(docker);
  oci.write_bundle({"true"});
  // An initrd without an agent: the kernel panics for want of an init, and says so on its console.
  const std::string initrd = oci.folder() + "/empty.img";
  kata::RealCommandRunner runner;
  kata::run_checked(runner,
                    {.argv = {"sh", "-c",
                              "mkdir -p " + oci.folder() + "/empty/dev && cd " + oci.folder() +
                                  "/empty && find . | cpio --quiet -o -H newc > " + initrd}});
  oci.use_configuration(configuration_with(oci, "hypervisor.qemu", "initrd = \"" + initrd + "\""));
  oci.use_configuration(configuration_with(oci, "agent.kata", "dial_timeout = 8"));
  check_refused(docker, oci, "bad-6", {"console"});
}

TEST_CASE("a machine that ends at once is reported with the last words of its processes", "[e2e]") {
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "runc has no VM");
  OciRuntime oci(docker);
  oci.write_bundle({"true"});
  // virtiofsd ends, and QEMU because of it.
  oci.use_configuration(
      configuration_with(oci, "hypervisor.qemu", "virtio_fs_extra_args = [\"--no-such-option\"]"));
  check_refused(docker, oci, "bad-8",
                {"the virtual machine ended before its agent answered", "vhost", "no-such-option"});
}

TEST_CASE("a network namespace that is gone is named", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  oci.write_bundle({"true"});
  std::string text = kata::read_file(oci.bundle() + "/config.json");
  const std::size_t at = text.find("\"type\": \"network\"");
  REQUIRE(at != std::string::npos);
  text.insert(at + 17, ", \"path\": \"/run/netns/no-such-namespace\"");
  kata::write_file(oci.bundle() + "/config.json", text);
  check_refused(docker, oci, "bad-7", {"/run/netns/no-such-namespace"});
}

TEST_CASE("an answer that cannot be written is an error", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  const CommandResult result = oci.under({"sh", "-c", "exec \"$@\" >/dev/full", "sh"}, {"list"});
  CHECK(result.status != 0);
  CHECK_THAT(result.error_output, Catch::Contains("no space", Catch::CaseSensitive::No));
}

TEST_CASE("with --log-format json alone the error is JSON", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  const CommandResult result = oci({"--log-format", "json", "state", "nobody"});
  CHECK(result.status != 0);
  const kata::Json error = kata::parse_json(result.error_output, "standard error");
  CHECK(error["level"] == "error");
  CHECK_THAT(error["msg"].get<std::string>(), Catch::Contains("does not exist"));
}

TEST_CASE("usage errors are told apart", "[e2e]") {
  Docker docker;
  OciRuntime oci(docker);
  CHECK(oci({"no-such-verb"}).status != 0);
  CHECK(oci({"state"}).status != 0);
}
