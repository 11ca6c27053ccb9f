// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_hotplug.h"

#include <fcntl.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/hypervisor/qemu_pci.h"
#include "scripted_transport.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

namespace {

VmConfig growing_machine() {
  VmConfig config;
  config.machine = Machine::q35;
  config.memory_mib = 256;
  config.max_memory_mib = 1024;
  config.memory_slots = 2;
  config.hotplug_ports = 1;
  return config;
}

struct Plugging {
  /// Runs a step; its error's text, empty when it went well.
  std::string run(asio::awaitable<void> step) {
    std::string failure = "did not end";
    if (!std::exchange(is_reading, true)) asio::co_spawn(io, client.run(), asio::detached);
    asio::co_spawn(io, std::move(step), [&](std::exception_ptr thrown) {
      failure.clear();
      try {
        if (thrown) std::rethrow_exception(thrown);
      } catch (const Error& error) {
        failure = error.what();
      }
      io.stop();
    });
    io.restart();
    io.run_for(std::chrono::seconds(20));
    return failure;
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Json& command : script->commands) result.push_back(command.value("execute", ""));
    return result;
  }

  VmConfig config = growing_machine();
  asio::io_context io;
  bool is_reading = false;
  std::shared_ptr<Script> script = std::make_shared<Script>(io);
  QmpClient client{io.get_executor(), std::make_unique<ScriptedTransport>(script)};
  QemuHotplug hotplug{client, config};
};

NetworkDevice network(const std::string& id) {
  NetworkDevice device;
  device.id = id;
  device.mac = "02:00:00:00:00:01";
  device.tap_fds.push_back(open_file("/dev/null", O_RDONLY));
  return device;
}

}  // namespace

TEST_CASE("a network device is a descriptor, a backend and a card at a root port", "[hotplug]") {
  Plugging p;
  CHECK(p.run(p.hotplug.add_network(network("net1"))).empty());
  CHECK(p.names() ==
        std::vector<std::string>{"qmp_capabilities", "getfd", "netdev_add", "device_add"});
  CHECK(p.script->fds == 1);
  CHECK(p.script->commands[3]["arguments"]["bus"] == "port0");
}

TEST_CASE("more devices than root ports are refused with the setting's name", "[hotplug]") {
  Plugging p;
  CHECK(p.run(p.hotplug.add_network(network("net1"))).empty());
  CHECK_THAT(p.run(p.hotplug.add_network(network("net2"))), Contains("pcie_root_port"));
}

TEST_CASE("a root port is free again when adding fails", "[hotplug]") {
  Plugging p;
  const auto usual = p.script->answer;
  p.script->answer = [](const Json& command) {
    return fmt::format(
        "{{\"id\": {}, \"error\": {{\"class\": \"GenericError\", \"desc\": \"no\"}}}}\n",
        command.value("id", 0));
  };
  CHECK_THAT(p.run(p.hotplug.add_network(network("net1"))), Contains("add network device net1"));
  p.script->answer = usual;
  CHECK(p.run(p.hotplug.add_network(network("net1"))).empty());
}

TEST_CASE("CPUs that are there already are not added again", "[hotplug]") {
  Plugging p;
  p.script->answer = [](const Json& command) {
    if (command.value("execute", "") != "query-hotpluggable-cpus") {
      return fmt::format("{{\"return\": {{}}, \"id\": {}}}\n", command.value("id", 0));
    }
    return fmt::format(
        "{{\"id\": {}, \"return\": ["
        "{{\"type\": \"max-x86_64-cpu\", \"props\": {{\"socket-id\": 1}}}},"
        "{{\"type\": \"max-x86_64-cpu\", \"props\": {{\"socket-id\": 0}}, \"qom-path\": "
        "\"/machine/0\"}}]}}\n",
        command.value("id", 0));
  };
  std::uint32_t count = 0;
  const auto grow = [](Plugging& its, std::uint32_t& result) -> asio::awaitable<void> {
    result = co_await its.hotplug.grow_vcpus(2);
  };
  CHECK(p.run(grow(p, count)).empty());
  CHECK(count == 2);
  CHECK(p.script->commands.back()["arguments"]["socket-id"] == 1);
}

TEST_CASE("the agent of a guest without ACPI is told where new memory lies", "[hotplug]") {
  Plugging p;
  p.config.acpi = false;
  p.script->answer = [](const Json& command) {
    const bool asks = command.value("execute", "") == "query-memory-devices";
    return fmt::format("{{\"id\": {}, \"return\": {}}}\n", command.value("id", 0),
                       asks ? "[{\"data\": {\"id\": \"dimm-other\", \"addr\": 0, \"size\": 1}},"
                              "{\"data\": {\"id\": \"dimm-mem1\", \"addr\": 4294967296, "
                              "\"size\": 268435456}}]"
                            : "{}");
  };
  GrownMemory grown;
  const auto grow = [](Plugging& its, GrownMemory& result) -> asio::awaitable<void> {
    result = co_await its.hotplug.grow_memory(500);
  };
  CHECK(p.run(grow(p, grown)).empty());
  CHECK(grown.mib == 512);
  CHECK(grown.blocks == std::vector<std::uint64_t>{4294967296, 4294967296 + 134217728});
  // Not where the guest's kernel has put the registers of PCI devices.
  const Json& plugged = p.script->commands.at(p.script->commands.size() - 2);
  CHECK(plugged["arguments"]["addr"] == 5368709120);
}

TEST_CASE("a QEMU that does not tell where memory lies is an error", "[hotplug]") {
  Plugging p;
  p.config.acpi = false;
  const std::string list =
      GENERATE("7", "[]", "[8]", R"([{"data": {"id": "dimm-mem1", "addr": -1, "size": 1}}])",
               R"([{"data": {"id": "dimm-mem1", "addr": "x"}}])");
  p.script->answer = [list](const Json& command) {
    const bool asks = command.value("execute", "") == "query-memory-devices";
    return fmt::format("{{\"id\": {}, \"return\": {}}}\n", command.value("id", 0),
                       asks ? list : "{}");
  };
  const auto grow = [](Plugging& its) -> asio::awaitable<void> {
    (void)co_await its.hotplug.grow_memory(512);
  };
  CHECK_THAT(p.run(grow(p)), Contains("memory-devices") || Contains("dimm-mem1"));
}

TEST_CASE("the CPUs of a guest without ACPI are there already", "[hotplug]") {
  Plugging p;
  p.config.acpi = false;
  p.config.max_vcpus = 3;
  std::uint32_t count = 0;
  const auto grow = [](Plugging& its, std::uint32_t& result) -> asio::awaitable<void> {
    result = co_await its.hotplug.grow_vcpus(8);
  };
  CHECK(p.run(grow(p, count)).empty());
  CHECK(count == 3);
  CHECK(p.names() == std::vector<std::string>{"qmp_capabilities"});
}

TEST_CASE("a list of CPUs that QEMU would not write adds none", "[hotplug]") {
  Plugging p;
  const std::string entry =
      GENERATE(R"({"type": 1, "props": {"socket-id": 1}})", R"({"type": "cpu", "props": [1]})",
               R"({"type": {}, "props": "text"})", "7", "null");
  p.script->answer = [entry](const Json& command) {
    return fmt::format("{{\"id\": {}, \"return\": [{}]}}\n", command.value("id", 0), entry);
  };
  const auto grow = [](Plugging& its) -> asio::awaitable<void> {
    (void)co_await its.hotplug.grow_vcpus(2);
  };
  CHECK(p.run(grow(p)).empty());
  CHECK(p.names() == std::vector<std::string>{"qmp_capabilities", "query-hotpluggable-cpus"});
}

TEST_CASE("a guest that is busy with a device is asked for it again", "[hotplug]") {
  Plugging p;
  int refusals = 3;
  p.script->answer = [&](const Json& command) {
    const bool refuses = command["execute"] == "device_del" && refusals-- > 0;
    const bool is_there = refusals >= 0;
    const std::string devices = is_there ? R"({"name": "dev-net1"})" : "";
    const std::string result = command["execute"] == "qom-list" ? "[" + devices + "]" : "{}";
    const std::string error =
        R"({"class": "GenericError", "desc": "Hot-unplug failed: guest is busy"})";
    return fmt::format("{{\"{}\": {}, \"id\": {}}}\r\n", refuses ? "error" : "return",
                       refuses ? error : result, command.value("id", 0));
  };
  const std::string device = "net1";
  CHECK(p.run(p.hotplug.remove_network(device)).empty());
  const std::vector<std::string> names = p.names();
  CHECK(std::ranges::count(names, "device_del") == 4);
  CHECK(names.back() == "netdev_del");
}

TEST_CASE("a device whose name is no text is not the one that goes", "[hotplug]") {
  Plugging p;
  p.script->answer = [](const Json& command) {
    return fmt::format("{{\"id\": {}, \"return\": [{{\"name\": 7}}, {{\"name\": null}}, 8]}}\n",
                       command.value("id", 0));
  };
  const std::string device = "net1";
  CHECK(p.run(p.hotplug.remove_network(device)).empty());
  CHECK(p.names().back() == "netdev_del");
}

TEST_CASE("memory grows in whole blocks, and not beyond what the machine was made for",
          "[hotplug]") {
  Plugging p;
  std::uint32_t mib = 0;
  const auto grow = [](Plugging& its, std::uint32_t wanted,
                       std::uint32_t& result) -> asio::awaitable<void> {
    result = (co_await its.hotplug.grow_memory(wanted)).mib;
  };
  CHECK(p.run(grow(p, 300, mib)).empty());
  CHECK(mib == 384);
  CHECK(p.run(grow(p, 100, mib)).empty());
  CHECK(mib == 384);
  CHECK_THAT(p.run(grow(p, 4096, mib)), Contains("default_maxmemory"));
}

TEST_CASE("microvm says that it cannot take devices", "[hotplug]") {
  Plugging p;
  p.config.machine = Machine::microvm;
  CHECK_THAT(p.run(p.hotplug.add_network(network("net1"))), Contains("microvm"));
}

TEST_CASE("a PCI device of the host is plugged into a root port and taken out", "[hotplug]") {
  Plugging p;
  CHECK(p.run(p.hotplug.add_pci({.id = "vfio0", .address = "0000:01:00.0"})).empty());
  const Json& plugged = p.script->commands.back();
  CHECK(plugged["execute"] == "device_add");
  CHECK(plugged["arguments"]["driver"] == "vfio-pci");
  CHECK(plugged["arguments"]["host"] == "0000:01:00.0");
  CHECK(plugged["arguments"]["bus"] == "port0");
  CHECK_THAT(p.run(p.hotplug.add_pci({.id = "vfio1", .address = "0000:02:00.0"})),
             Contains("pcie_root_port"));
  CHECK(p.run(p.hotplug.remove_pci("vfio0")).empty());
  CHECK(p.run(p.hotplug.add_pci({.id = "vfio1", .address = "0000:02:00.0"})).empty());
}

TEST_CASE("a PCI device that QEMU refuses is named, and leaves its port free", "[hotplug]") {
  Plugging p;
  bool refuses = true;
  p.script->answer = [&](const Json& command) {
    const bool error = refuses && command["execute"] == "device_add";
    return fmt::format("{{\"{}\": {{{}}}, \"id\": {}}}\r\n", error ? "error" : "return",
                       error ? R"("class": "GenericError", "desc": "group 1 is not viable")" : "",
                       command.value("id", 0));
  };
  CHECK_THAT(p.run(p.hotplug.add_pci({.id = "vfio0", .address = "0000:01:00.0"})),
             Contains("0000:01:00.0") && Contains("group 1 is not viable"));
  refuses = false;
  CHECK(p.run(p.hotplug.add_pci({.id = "vfio0", .address = "0000:01:00.0"})).empty());
}

TEST_CASE("a device's way through the buses is its slots", "[hotplug]") {
  const Json buses = parse_json(R"([{"bus": 0, "devices": [
    {"bus": 0, "slot": 1, "function": 0, "qdev_id": ""},
    {"bus": 0, "slot": 10, "function": 0, "qdev_id": "dev-vfio0"},
    {"bus": 0, "slot": 2, "function": 0, "qdev_id": "port0", "pci_bridge": {"bus": {"number": 0},
      "devices": [{"bus": 1, "slot": 0, "function": 0, "qdev_id": "dev-vfio1"}]}}]}])",
                                "answer");
  CHECK(pci_path_of(buses, "dev-vfio0") == "0a");
  CHECK(pci_path_of(buses, "dev-vfio1") == "02/00");
  CHECK_THROWS_WITH(pci_path_of(buses, "dev-vfio2"), Contains("no PCI device dev-vfio2"));
  CHECK_THROWS_WITH(pci_path_of(Json::object(), "x"), Contains("no list"));
}
