// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_cgroup.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/command.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "tests/support/require.h"

using namespace kata;
using sandbox::HostCgroup;

TEST_CASE("a cgroup goes although its last process takes a while to die", "[cgroup]") {
  test::require_root();
  const std::string name = "kata-cgroup-test-" + std::to_string(::getpid());
  HostCgroup cgroup = HostCgroup::for_path("/" + name, name);
  cgroup.create();
  REQUIRE_FALSE(cgroup.folders().empty());
  // What QEMU is like: the kernel needs a good part of a second to take back its memory.
  Pipe ready = make_pipe();
  ChildProcess big = spawn({.argv = {"python3", "-c",
                                     "import os, time\n"
                                     "data = bytearray(b'x') * (1 << 30)\n"
                                     "os.write(1, b'r')\n"
                                     "time.sleep(60)"},
                            .fds = {{1, ready.write.get()}}});
  cgroup.add(big.pid());
  char byte = 0;
  REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
  big.signal(SIGKILL);
  cgroup.remove(std::chrono::seconds(30));
  for (const std::string& folder : cgroup.folders()) CHECK_FALSE(path_exists(folder));
  big.wait();
}
