// SPDX-License-Identifier: Apache-2.0
//
// Podman of an ordinary user: containers in virtual machines without root.
#include <catch2/catch.hpp>
#include <chrono>

#include "runtime/base/command.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/podman.h"

using Catch::Contains;
using kata::Command;
using kata::CommandResult;
using kata::test::engine_processes;
using kata::test::eventually;
using kata::test::http_get;
using kata::test::Podman;

namespace {

constexpr const char* kImage = "localhost/busybox";

/// A command as the user `nobody`, whatever its status.
CommandResult as_user(const Podman& podman, std::vector<std::string> words) {
  if (words.front() == "podman")
    words.insert(words.begin() + 1, {"--runtime", podman.is_vm() ? "kata-runtime" : "control"});
  Command command;
  command.argv = {podman.state() + "/rootless"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.timeout = std::chrono::seconds(120);
  return kata::RealCommandRunner().run(command);
}

std::string output_of(const Podman& podman, std::vector<std::string> words) {
  const CommandResult result = as_user(podman, std::move(words));
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  return kata::test::trimmed(result.output);
}

}  // namespace

TEST_CASE("podman without root runs containers and pods in virtual machines", "[e2e]") {
  Podman podman;
  const std::string id =
      output_of(podman, {"podman", "run", "-d", "--network", "slirp4netns:port_handler=slirp4netns",
                         "-p", "127.0.0.1:18079:80", kImage, "sh", "-c",
                         "echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp"});
  const std::string facts =
      output_of(podman, {"podman", "exec", id, "sh", "-c", "id -u; uname -r; ip -o addr"});
  CHECK_THAT(facts, Catch::StartsWith("0\n") && Contains("10.0.2.100/24"));
  if (podman.is_vm()) CHECK_THAT(facts, Contains(".container\n"));
  CHECK(eventually([&] { return http_get("127.0.0.1", 18079, "/") == "hello\n"; }));
  CHECK_THAT(output_of(podman, {"podman", "top", id}), Contains("httpd -f"));
  output_of(podman, {"podman", "cp", podman.data() + "/configuration.toml", id + ":/srv/copied"});
  CHECK_THAT(output_of(podman, {"podman", "exec", id, "cat", "/srv/copied"}), Contains("vmlinux"));
  output_of(podman, {"podman", "rm", "-f", "-t", "0", id});

  const std::string pod = output_of(podman, {"podman", "pod", "create", "--share", "net,pid"});
  const CommandResult shared =
      as_user(podman, {"podman", "run", "--rm", "--pod", pod, kImage, "ps"});
  CHECK_THAT(shared.output, Contains("catatonit -P"));
  output_of(podman, {"podman", "pod", "rm", "-f", "-t", "0", pod});
  CHECK(eventually([&] { return engine_processes(podman, "qemu").empty(); }));

  if (!podman.is_vm()) return;
  CHECK(output_of(podman, {"podman", "run", "--rm", "--privileged", kImage, "sh", "-c",
                           "mount -t tmpfs none /tmp && test -c /dev/fuse && echo all"}) == "all");
  const std::string check = output_of(podman, {podman.data() + "/bin/kata-user", "check"});
  CHECK_THAT(check, Contains("rootless: /dev/net/tun: usable"));
  CHECK_THAT(check, Contains("System can run containers"));
}
