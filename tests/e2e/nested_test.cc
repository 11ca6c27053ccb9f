// SPDX-License-Identifier: Apache-2.0
//
// Docker inside a container: the host's own programs, in a virtual machine of their own.
#include <catch2/catch.hpp>

#include "tests/e2e/inner_host.h"
#include "tests/support/docker.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using Catch::Matchers::Contains;
using kata::CommandResult;
using kata::test::Docker;
using kata::test::run_on_inner_host;

TEST_CASE("docker runs inside a privileged container, with a bridge and overlayfs of the guest",
          "[e2e][slow]") {
  for (const char* program : {"dockerd", "containerd", "runc", "iptables"})
    kata::test::require_program(program);
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "the host's kernel is not to be tested");
  const auto before = kata::test::host_state(docker);
  const CommandResult result = run_on_inner_host(docker, R"SH(
sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
dockerd --storage-driver overlay2 > /run/log 2>&1 &
tries=0
until docker version > /dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { tail -20 /run/log; exit 1; }
  sleep 0.2
done
tar -C /nested/root -c . | docker import - inner > /dev/null
docker run --rm -m 64m --hostname nested inner /bin/busybox sh -c '
  busybox hostname; busybox uname -r; busybox cat /sys/fs/cgroup/memory.max
  busybox ping -c 1 -w 20 $(busybox ip route | busybox sed -n "s/default via \([^ ]*\).*/\1/p") > /dev/null && echo reached'
docker info -f "{{.Driver}} {{.CgroupVersion}}"
)SH",
                                                 {"--tmpfs", "/var/lib/docker"});
  INFO(result.output << result.error_output);
  CHECK(result.status == 0);
  CHECK_THAT(result.output, Catch::StartsWith("nested\n") && Contains(".container\n67108864\n") &&
                                Contains("reached\n") && Contains("overlay2 2\n"));
  CHECK(kata::test::left_behind(docker, before) == "");
}
