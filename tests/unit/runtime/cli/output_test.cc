// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent.pb.h"
#include "runtime/cli/check.h"
#include "runtime/cli/console.h"
#include "runtime/cli/env.h"
#include "runtime/cli/features.h"
#include "runtime/cli/list.h"
#include "runtime/cli/ps.h"
#include "runtime/cli/state.h"
#include "runtime/cli/stats_json.h"
#include "runtime/cli/version.h"
#include "runtime/oci/differences.h"

using namespace kata;
using namespace kata::cli;
using nlohmann::json;

namespace {

ContainerRecord record_c1() {
  ContainerRecord record;
  record.id = "c1";
  record.bundle = "/b";
  record.rootfs = "/b/rootfs";
  record.created = "2026-01-02T03:04:05.000000000Z";
  record.owner = "root";
  return record;
}

}  // namespace

TEST_CASE("state has what engines read; pid is 0 when stopped", "[cli]") {
  const json state = json::parse(container_state_json(record_c1(), {oci::Status::stopped, 0}, 2));
  CHECK(state["ociVersion"] == "1.1.0");
  CHECK(state["status"] == "stopped");
  CHECK(state["pid"] == 0);
  CHECK(state["created"] == "2026-01-02T03:04:05.000000000Z");
  CHECK_FALSE(state.contains("annotations"));
}

TEST_CASE("list prints runc's table and JSON", "[cli]") {
  CHECK(container_table({}) ==
        "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
  CHECK(containers_json({}) == "null");
  const std::vector<ListedContainer> one = {{record_c1(), {oci::Status::running, 7}}};
  CHECK(json::parse(containers_json(one))[0]["pid"] == 7);
  CHECK(container_table(one).find("c1          7           running     /b") != std::string::npos);
}

TEST_CASE("a guest's processes can neither steer the terminal nor blow up the table", "[cli]") {
  kata::sandbox::ProcessesResponse processes;
  kata::guest::GuestProcess* process = processes.add_processes();
  process->set_tty(std::string(1 << 20, 't'));
  process->set_command("\x1b[2Jsh\nroot 1 0");
  process->set_start_seconds(0x8000000000000000);
  process->set_cpu_milliseconds(0xffffffffffffffff);
  for (int i = 0; i < 1000; ++i) processes.add_processes()->set_start_seconds(0xffffffffffffffff);
  const std::string table = process_table(processes, ps_columns({}), 1000);
  CHECK(table.size() < 1002 * 200);
  CHECK(std::count(table.begin(), table.end(), '\n') == 1002);
  CHECK(table.find('\x1b') == std::string::npos);
  CHECK(table.find("?[2Jsh?root 1 0") != std::string::npos);
}

TEST_CASE("ps gives host pids to engines and the guest's table to people", "[cli]") {
  kata::sandbox::ProcessesResponse processes;
  processes.add_host_pids(11);
  processes.add_host_pids(12);
  kata::guest::GuestProcess* process = processes.add_processes();
  process->set_pid(3);
  process->set_ppid(1);
  process->set_tty("?");
  process->set_command("sleep 9");
  process->set_cpu_milliseconds(3723000);
  CHECK(process_json(processes) == "[11,12]");
  const std::string table = process_table(processes, ps_columns({}), 100);
  CHECK(table.starts_with("UID   PID   PPID   C"));
  CHECK(table.find("01:02:03   sleep 9\n") != std::string::npos);
}

TEST_CASE("ps takes the options of ps(1) that the guest can answer", "[cli]") {
  kata::sandbox::ProcessesResponse processes;
  kata::guest::GuestProcess* process = processes.add_processes();
  process->set_pid(3);
  process->set_ppid(1);
  process->set_uid(7);
  process->set_tty("pts/0");
  process->set_state("S");
  process->set_name("sleep");
  process->set_command("sleep 9");
  process->set_start_seconds(1000);
  process->set_cpu_milliseconds(45000);
  process->set_resident_kib(12);
  process->set_virtual_kib(34);
  const auto table = [&](const std::vector<std::string>& options) {
    return process_table(processes, ps_columns(options), 1100);
  };
  CHECK(table({"-ef"}) == table({}));
  CHECK(table({"-e", "-f"}) == table({}));
  CHECK(table({"-o", "pid,comm"}) == "PID   COMMAND\n3     sleep\n");
  CHECK(table({"-eo", "pid,args"}) == "PID   COMMAND\n3     sleep 9\n");
  CHECK(table({"o", "pid"}) == "PID\n3\n");
  CHECK(table({"-opid=", "-o", "ppid="}) == "3     1\n");
  CHECK(table({"-o", "pid=A,B"}) == "A,B\n3\n");
  CHECK(table({"-o", "etime,etimes,%cpu,c"}) ==
        "ELAPSED   ELAPSED   %CPU   C\n01:40     100       45.0   45\n");
  CHECK(table({"aux"}).starts_with("USER   PID   %CPU   VSZ   RSS   TTY     STAT   START"));
  CHECK(table({"-A"}) == "PID   TTY     TIME       CMD\n3     pts/0   00:00:45   sleep 9\n");
  CHECK_THROWS_WITH(ps_columns({"-o", "pid,wchan"}), Catch::Contains("ps: no column \"wchan\""));
  CHECK_THROWS_WITH(ps_columns({"-L"}), Catch::Contains("ps: option \"-L\""));
  CHECK_THROWS_WITH(ps_columns({"-o"}), Catch::Contains("-o without a list"));
}

TEST_CASE("events --stats has runc's shape", "[cli]") {
  grpc::StatsContainerResponse stats;
  grpc::CgroupStats* cgroup = stats.mutable_cgroup_stats();
  cgroup->mutable_cpu_stats()->mutable_cpu_usage()->set_total_usage(5);
  cgroup->mutable_memory_stats()->mutable_usage()->set_usage(6);
  (*cgroup->mutable_memory_stats()->mutable_stats())["anon"] = 7;
  cgroup->mutable_pids_stats()->set_current(8);
  cgroup->mutable_blkio_stats()->add_io_serviced_recursive()->set_value(9);
  (*cgroup->mutable_hugetlb_stats())["2MB"].set_usage(10);
  stats.add_network_stats()->set_name("eth0");
  const json event = json::parse(stats_event_json("c1", stats));
  CHECK(event["type"] == "stats");
  CHECK(event["id"] == "c1");
  const json& data = event["data"];
  CHECK(data["cpu"]["usage"]["total"] == 5);
  CHECK(data["cpu"]["throttling"].is_object());
  CHECK(data["memory"]["usage"]["usage"] == 6);
  CHECK(data["memory"]["raw"]["anon"] == 7);
  CHECK(data["pids"]["current"] == 8);
  CHECK(data["blkio"]["ioServicedRecursive"][0]["value"] == 9);
  CHECK(data["hugetlb"]["2MB"]["usage"] == 10);
  CHECK(data["network_interfaces"][0]["Name"] == "eth0");
  CHECK(event_json("oom", "c1") == R"({"type":"oom","id":"c1"})");
}

TEST_CASE("features is the specification's structure", "[cli]") {
  const json features = json::parse(features_json());
  CHECK(features["ociVersionMin"] == "1.0.0");
  CHECK(features["ociVersionMax"] == "1.1.0");
  CHECK(features["linux"]["capabilities"].size() == 41);
  CHECK(features["linux"]["namespaces"].size() == 8);
  CHECK(features["linux"]["cgroup"]["v2"] == true);
  CHECK(features["linux"]["apparmor"]["enabled"] == false);
  CHECK(features["mountOptions"].is_array());
  CHECK(features["hooks"].is_array());
}

TEST_CASE("features and check tell every difference", "[cli]") {
  const json told = json::parse(features_json())["annotations"];
  const std::string text = differences_text();
  for (const oci::Difference& difference : oci::differences()) {
    CHECK(told["io.katacontainers.difference: " + std::string(difference.field)] ==
          difference.what);
    CHECK(text.find(std::string(difference.field) + ": ") != std::string::npos);
  }
}

TEST_CASE("the version's first line is what engines parse", "[cli]") {
  CHECK(version_text().starts_with("kata-runtime version "));
  CHECK(version_text().find("\nspec: 1.1.0\n") != std::string::npos);
}

TEST_CASE("check says what to do and ends with the answer", "[cli]") {
  const std::string good = findings_text({{"QEMU", "7.2", "found", "", true}});
  CHECK(good == "[ok]   QEMU: 7.2 (found)\nSystem can run containers in virtual machines\n");
  const std::string bad =
      findings_text({{"QEMU", "none", "not installed", "install qemu-kvm", false}});
  CHECK(bad.find("[FAIL] QEMU: none (not installed)\n       -> install qemu-kvm\n") !=
        std::string::npos);
  CHECK(bad.find("cannot run") != std::string::npos);
}

TEST_CASE("env is TOML and JSON of the same", "[cli]") {
  const Json sections = environment_json({}, {});
  for (const char* name : {"Meta", "Runtime", "Hypervisor", "Agent", "Chosen", "Host"})
    CHECK(sections.contains(name));
  // without a QEMU nothing can be chosen, and the reason is there
  CHECK(sections["Chosen"].contains("Error"));
  CHECK(toml_text(sections).find("[Hypervisor]\n  Path = \"\"\n") != std::string::npos);
}

TEST_CASE("a console's slave is raw and of the size that was asked for", "[cli]") {
  const sys::Terminal terminal = make_console({.rows = 24, .columns = 80});
  const auto size = window_size(terminal.slave.get());
  REQUIRE(size);
  CHECK(size->rows == 24);
  CHECK(size->columns == 80);
  termios settings{};
  REQUIRE(::tcgetattr(terminal.slave.get(), &settings) == 0);
  CHECK((settings.c_lflag & (ECHO | ICANON | ISIG)) == 0);
  CHECK((settings.c_oflag & OPOST) == 0);
  CHECK_FALSE(window_size(-1));
}
