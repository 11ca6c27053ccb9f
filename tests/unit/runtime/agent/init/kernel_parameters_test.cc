// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/kernel_parameters.h"

#include <catch2/catch.hpp>

using namespace kata;
using namespace kata::agent;

TEST_CASE("the kernel command line tells the agent what to do", "[init]") {
  const KernelParameters parameters = parse_kernel_parameters(
      "console=ttyS0 agent.log=debug  quiet agent.container_pipe_size=4096 agent.poweroff=reboot "
      "agent.transport=vsock agent.debug_console\n");
  CHECK(parameters.log == log::Level::debug);
  CHECK(parameters.pipe_size == 4096);
  CHECK(parameters.power_off_by_reboot);
  CHECK(parameters.vsock_only);
  CHECK(parameters.debug_console);
}

TEST_CASE("what is not understood leaves the defaults", "[init]") {
  const std::string text =
      GENERATE("", "   ", "agent.log", "agent.log=loud", "agent.container_pipe_size=-1",
               "agent.container_pipe_size=99999999999999999999", "agent.unknown=1 agent.",
               "xagent.log=debug", "agent.container_pipe_size=12k");
  const KernelParameters parameters = parse_kernel_parameters(text);
  CHECK(parameters.log == log::Level::info);
  CHECK(parameters.pipe_size == KernelParameters().pipe_size);
  CHECK_FALSE(parameters.power_off_by_reboot);
}
