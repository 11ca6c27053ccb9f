// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_cgroup.h"

#include <catch2/catch.hpp>

#include "runtime/base/fd.h"
#include "runtime/base/io.h"

using namespace kata;
using sandbox::HostCgroup;

TEST_CASE("a cgroups path is taken as cgroupfs or systemd write it", "[cgroup]") {
  CHECK(HostCgroup::path_of("/docker/abc", "abc") == "/docker/abc");
  CHECK(HostCgroup::path_of("../../etc", "abc") == "/etc");
  CHECK(HostCgroup::path_of("", "abc") == "/kata/abc");
  CHECK(HostCgroup::path_of("system.slice:docker:abc", "abc") == "/system.slice/docker-abc.scope");
  CHECK(HostCgroup::path_of("a-b.slice:crio:abc", "abc") == "/a.slice/a-b.slice/crio-abc.scope");
}

TEST_CASE("every mounted hierarchy gets the folder, and a v1 cpuset its parent's CPUs",
          "[cgroup]") {
  const TempDir dir;
  const std::string root = dir.path() + "/cgroup";
  make_directories(dir.path() + "/proc/self");
  write_file(dir.path() + "/proc/self/cgroup",
             "9:name=systemd:/\n3:cpuset:/\n2:cpu,cpuacct:/\n1:memory:/x\n0::/\n");
  for (const char* hierarchy : {"systemd", "cpuset", "memory", "unified"}) {
    make_directories(root + "/" + hierarchy);
    write_file(root + "/" + hierarchy + "/cgroup.procs", "");
  }
  write_file(root + "/cpuset/cpuset.cpus", "0-3\n");
  write_file(root + "/cpuset/cpuset.mems", "0\n");
  // The kernel makes these files with the folder.
  make_directories(root + "/cpuset/docker/c1");
  for (const char* folder : {"/cpuset/docker", "/cpuset/docker/c1"}) {
    write_file(root + folder + "/cpuset.cpus", "\n");
    write_file(root + folder + "/cpuset.mems", "\n");
  }

  HostCgroup cgroup = HostCgroup::for_path("/docker/c1", "c1", root, dir.path() + "/proc");
  cgroup.create();
  CHECK(cgroup.folders() ==
        std::vector<std::string>{root + "/systemd/docker/c1", root + "/cpuset/docker/c1",
                                 root + "/memory/docker/c1", root + "/unified/docker/c1"});
  for (const std::string& folder : cgroup.folders()) CHECK(path_exists(folder));
  CHECK(read_line_of(root + "/cpuset/docker/c1/cpuset.cpus") == "0-3");
  CHECK(read_line_of(root + "/cpuset/docker/cpuset.mems") == "0");
}
