// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/pci_device.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::agent;

TEST_CASE("a PCI device is found by the slots that lead to it", "[pci]") {
  const TempDir root;
  const std::string bus = root.path() + "/sys/devices/pci0000:00";
  make_directories(bus + "/0000:00:02.0/0000:01:00.0/net");
  make_directories(bus + "/0000:00:02.0/pci_bus");
  make_directories(bus + "/0000:00:03.0");
  CHECK(find_pci_device("03", root.path()) == "0000:00:03.0");
  CHECK(find_pci_device("02/00", root.path()) == "0000:01:00.0");
  CHECK_THROWS_WITH(find_pci_device("04", root.path()), Catch::Contains("no PCI device at 04"));
  CHECK_THROWS_WITH(find_pci_device("02/01", root.path()), Catch::Contains("no PCI device"));
}

TEST_CASE("what is no PCI path is refused", "[pci]") {
  const TempDir root;
  make_directories(root.path() + "/sys/devices/pci0000:00");
  const std::string path = GENERATE(std::string(""), std::string(".."), std::string("/03"),
                                    std::string("3"), std::string("0000:00:03.0"));
  try {
    static_cast<void>(find_pci_device(path, root.path()));
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
  }
}
