// SPDX-License-Identifier: Apache-2.0
//
// Podman's pods, and other containers that share namespaces: one virtual machine for all of them.
#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/host_state.h"
#include "tests/support/podman.h"
#include "tests/support/require.h"

using Catch::Contains;
using kata::CommandResult;
using kata::test::engine_processes;
using kata::test::eventually;
using kata::test::host_state;
using kata::test::http_get;
using kata::test::left_behind;
using kata::test::Podman;

namespace {

constexpr const char* kImage = "localhost/busybox";
constexpr const char* kNamespaces = "for n in ipc pid uts; do readlink /proc/self/ns/$n; done";

}  // namespace

TEST_CASE("containers of a pod share network, ipc, uts, pid and memory in one machine", "[e2e]") {
  Podman podman;
  REQUIRE(podman.run({kImage, "true"}).status == 0);
  const auto before = host_state(podman);
  const std::string pod = podman.make_pod(
      {"--share", "net,ipc,uts,pid", "--hostname", "podhost", "-p", "127.0.0.1:18078:80"});
  const std::string web = podman.checked(
      {"run", "-d", "--pod", pod, kImage, "sh", "-c",
       "echo hello > /tmp/index.html; echo shared > /dev/shm/x; exec httpd -f -p 80 -h /tmp"});
  const std::string script =
      std::string("wget -q -O- http://127.0.0.1/; hostname; cat /dev/shm/x; ") + "ps; " +
      kNamespaces;
  const CommandResult other = podman({"run", "--rm", "--pod", pod, kImage, "sh", "-c", script});
  INFO(other.output + other.error_output);
  CHECK_THAT(other.output, Catch::StartsWith("hello\npodhost\nshared\n"));
  CHECK_THAT(other.output, Contains("catatonit -P") && Contains("httpd -f"));
  CHECK_THAT(other.output,
             Catch::EndsWith(podman.checked({"exec", web, "sh", "-c", kNamespaces}) + "\n"));
  CHECK(http_get("127.0.0.1", 18078, "/") == "hello\n");
  if (podman.is_vm()) CHECK(engine_processes(podman, "qemu").size() == 1);
  CHECK_THAT(podman.checked({"pod", "top", pod}), Contains("catatonit") && Contains("httpd -f"));
  CHECK(podman({"pod", "stats", "--no-stream", pod}).status == 0);

  // A container of the pod is made anew, and the whole pod with a new machine.
  podman.checked({"restart", "-t", "0", web});
  CHECK(eventually([&] { return http_get("127.0.0.1", 18078, "/") == "hello\n"; }));
  podman.checked({"pod", "stop", "-t", "0", pod});
  CHECK(engine_processes(podman, "qemu").empty());
  podman.checked({"pod", "start", pod});
  CHECK(eventually([&] { return http_get("127.0.0.1", 18078, "/") == "hello\n"; }));
  podman.checked({"pod", "rm", "-f", "-t", "0", pod});
  CHECK(left_behind(podman, before) == "");
}

TEST_CASE("containers of a pod have processes of their own unless pid is shared", "[e2e]") {
  Podman podman;
  const std::string pod = podman.make_pod({"--name", "default-share"});
  const std::string first = podman.checked({"run", "-d", "--pod", pod, kImage, "sleep", "1000"});
  const std::string second = podman.checked({"run", "-d", "--pod", pod, kImage, "sleep", "1000"});
  const auto read = [&](const std::string& id, const char* type) {
    return podman.checked({"exec", id, "readlink", std::string("/proc/self/ns/") + type});
  };
  CHECK(read(first, "ipc") == read(second, "ipc"));
  CHECK(read(first, "uts") == read(second, "uts"));
  CHECK(read(first, "pid") != read(second, "pid"));
  CHECK(read(first, "mnt") != read(second, "mnt"));
  // One of them ends; the other, and the machine, go on.
  podman.checked({"stop", "-t", "0", first});
  podman.checked({"rm", first});
  CHECK(podman.checked({"exec", second, "hostname"}) == "default-share");
}

TEST_CASE("a container joins the machine of the one whose network it is to share", "[e2e]") {
  Podman podman;
  const auto before = host_state(podman);
  const std::string owner = podman.start(
      {kImage, "sh", "-c", "echo answered > /tmp/index.html; exec httpd -f -p 80 -h /tmp"});
  const CommandResult joined =
      podman.run({"--network", "container:" + owner, "--pid", "container:" + owner, "--ipc",
                  "container:" + owner, kImage, "sh", "-c", "wget -q -O- http://127.0.0.1/; ps"});
  INFO(joined.error_output);
  CHECK_THAT(joined.output, Catch::StartsWith("answered\n") && Contains("httpd -f"));
  if (podman.is_vm()) {
    CHECK(engine_processes(podman, "qemu").size() == 1);
    // Two networks in one machine.
    const CommandResult refused = podman.run({"--ipc", "container:" + owner, kImage, "true"});
    CHECK(refused.status == 126);
    CHECK_THAT(refused.error_output, Contains("--network=container:"));
  }
  CHECK(podman.checked({"exec", owner, "echo", "still here"}) == "still here");

  // The machine lives as long as somebody is in it.
  const std::string guest =
      podman.start({"--network", "container:" + owner, kImage, "sleep", "1000"});
  podman.checked({"stop", "-t", "0", owner});
  if (podman.is_vm()) {
    const CommandResult again = podman({"start", owner});
    CHECK(again.status != 0);
    CHECK_THAT(again.error_output, Contains("stop that one first"));
  }
  CHECK(podman.checked({"exec", guest, "echo", "still here"}) == "still here");
  podman.checked({"rm", "-f", "-t", "0", guest});
  podman.checked({"rm", "-f", "-t", "0", owner});
  CHECK(left_behind(podman, before) == "");
}

TEST_CASE("a pod is restarted, its containers asked to stop", "[e2e]") {
  Podman podman;
  const auto before = host_state(podman);
  const kata::TempDir volume("/var/tmp");
  const std::string pod = podman.make_pod({});
  const std::string member = podman.checked(
      {"run", "-d", "--pod", pod, "--stop-signal", "USR1", "-v", volume.path() + ":/v", kImage,
       "sh", "-c", "trap 'echo stopped >> /v/told; exit 3' USR1; while :; do sleep 0.1; done"});
  // Podman makes the first container again while the others run.
  podman.checked({"pod", "restart", pod});
  CHECK(kata::read_file(volume.path() + "/told") == "stopped\n");
  CHECK(podman.checked({"exec", member, "cat", "/proc/1/comm"}) == "sh");
  CHECK(podman.checked({"pod", "inspect", "-f", "{{.State}}", pod}) == "Running");
  if (podman.is_vm()) CHECK(engine_processes(podman, "qemu").size() == 1);
  podman.checked({"pod", "rm", "-f", "-t", "0", pod});
  CHECK(left_behind(podman, before) == "");
}

TEST_CASE("containers of a pod without an infra container are machines of their own", "[e2e]") {
  Podman podman;
  const std::string pod = podman.make_pod({"--infra=false"});
  for (const char* name : {"alone-1", "alone-2"})
    podman.checked({"run", "-d", "--pod", pod, "--name", name, kImage, "sleep", "100"});
  if (podman.is_vm()) CHECK(engine_processes(podman, "qemu").size() == 2);
  CHECK(podman.checked({"exec", "alone-2", "cat", "/proc/1/comm"}) == "sleep");
  podman.checked({"pod", "rm", "-f", "-t", "0", pod});
  CHECK(engine_processes(podman, "qemu").empty());
}
