// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime on a host with cgroup v2, whatever the test machine has: within a virtual machine,
// whose kernel has nothing else. Machines within machines are emulated twice, a minute for a start.
#include <catch2/catch.hpp>

#include "tests/e2e/inner_host.h"
#include "tests/support/docker.h"
#include "tests/support/host_state.h"
#include "tests/support/require.h"

using Catch::Matchers::Contains;
using kata::CommandResult;
using kata::test::Docker;
using kata::test::run_on_inner_host;

TEST_CASE("a machine has its cgroup and its limits on a host with cgroup v2", "[e2e][slow]") {
  kata::test::require_program("qemu-system-x86_64");
  Docker docker;
  kata::test::require(docker.is_vm(), "kata-runtime", "the host's kernel is not to be tested");
  const auto before = kata::test::host_state(docker);
  // The folder of states is behind a link, as /var/run is.
  const CommandResult result = run_on_inner_host(
      docker, R"SH(
export PATH=/programs:$PATH KATA_CONF_FILE=/nested/configuration.toml
mkdir -p /run/states /run/bundle && ln -s states /run/link && cd /run/bundle
cp -r /nested/root rootfs && echo kept > rootfs/file
kata-runtime spec
sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"busybox", "sleep", "1000"/;
  s|"resources": {|"cgroupsPath": "/outer/inner", "resources": {"cpu": {"cpus": "0"}, |' config.json
runtime="kata-runtime --root /run/link"
$runtime run -d inner < /dev/null > /run/log 2>&1 || { cat /run/log; exit 1; }
$runtime exec inner busybox uname -r
cd /sys/fs/cgroup/outer/inner
echo "cpus $(cat cpuset.cpus)"
[ "$(cat memory.current)" -gt 10000000 ] && echo accounted
for pid in $(cat cgroup.procs); do cat /proc/$pid/comm; done | sort -u
cd /
$runtime delete --force inner
[ ! -e /sys/fs/cgroup/outer/inner ] && echo gone
cat /run/bundle/rootfs/file
ls /run/states
)SH",
      {"--cpus", "2", "-m", "3g", "-v", docker.setting("DATA") + "/bin:/programs:ro", "-v",
       KATA_GUEST ":/guest:ro"},
      {{"configuration.toml",
        "[hypervisor.qemu]\nkernel = \"/guest/vmlinux.container\"\n"
        "initrd = \"/guest/kata-containers-initrd.img\"\n"}});
  INFO(result.output << result.error_output);
  CHECK(result.status == 0);
  CHECK_THAT(result.output, Contains(".container\ncpus 0\naccounted\n"));
  CHECK_THAT(result.output, Contains("qemu-system-x86\n") && Contains("virtiofsd\n"));
  CHECK_THAT(result.output, Catch::EndsWith("gone\nkept\n"));
  CHECK(kata::test::left_behind(docker, before) == "");
}
