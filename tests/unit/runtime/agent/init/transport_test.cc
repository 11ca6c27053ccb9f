// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/transport.h"

#include <catch2/catch.hpp>

#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;

TEST_CASE("the serial port is found by its name among others", "[init]") {
  const TempDir root;
  CHECK_FALSE(find_serial_port("agent.channel.0", root.path()));
  for (const auto& [port, name] :
       {std::pair{"vport0p1", "console.0\n"}, {"vport1p2", "agent.channel.0\n"}}) {
    make_directories(root.path() + "/sys/class/virtio-ports/" + port);
    write_file(root.path() + "/sys/class/virtio-ports/" + port + "/name", name);
  }
  make_directories(root.path() + "/dev");
  CHECK_FALSE(find_serial_port("agent.channel.0",
                               root.path()));  // announced, its device file not there yet
  write_file(root.path() + "/dev/vport1p2", "");
  CHECK(find_serial_port("agent.channel.0", root.path()) == root.path() + "/dev/vport1p2");
  CHECK_FALSE(find_serial_port("agent.channel", root.path()));
}
