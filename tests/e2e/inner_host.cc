// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/inner_host.h"

#include "runtime/base/io.h"

namespace kata::test {

CommandResult run_on_inner_host(Docker& docker, const std::string& script,
                                std::vector<std::string> arguments,
                                const std::vector<std::pair<std::string, std::string>>& files) {
  const TempDir folder("/var/tmp");
  make_directories(folder.path() + "/root/bin");
  RealCommandRunner runner;
  run_checked(runner, {.argv = {"cp", find_program("busybox").value_or("busybox"),
                                folder.path() + "/root/bin/busybox"}});
  for (const auto& [name, text] : files) write_file(folder.path() + "/" + name, text);
  // With cgroup v2 only leaves hold processes; Docker's own image for this does the same first.
  write_file(folder.path() + "/script", R"SH(set -e
mkdir /sys/fs/cgroup/init
xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs || :
)SH" + script);
  std::vector<std::string> command{"--privileged", "--tmpfs", "/run"};
  const std::vector<std::string> shared{"/usr:/usr", "/etc/alternatives:/etc/alternatives",
                                        folder.path() + ":/nested"};
  for (const std::string& one : shared) command.insert(command.end(), {"-v", one + ":ro"});
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"debian", "bash", "/nested/script"});
  return docker.run(command);
}

}  // namespace kata::test
