// SPDX-License-Identifier: Apache-2.0
//
// config-linux.md and runtime-linux.md, seen from inside.
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/conformance/fixtures.h"
#include "tests/support/eventually.h"

using kata::CommandResult;
using kata::Json;
using kata::conformance::Bundle;
using kata::conformance::Container;
using kata::conformance::full;
using kata::conformance::full_answer;
using kata::conformance::mount_at;
using kata::conformance::plain;
using kata::conformance::probe;
using kata::conformance::probed;
using kata::conformance::setting;
using kata::test::eventually;

namespace {

constexpr int kPermission = 1;  // EPERM, as the probe writes it
constexpr int kNoDriver = 6;    // ENXIO
constexpr int kReadOnly = 30;   // EROFS

std::string host_namespace(const std::string& kind) {
  char target[64] = {};
  return ::readlink(("/proc/self/ns/" + kind).c_str(), target, sizeof target - 1) > 0 ? target : "";
}

/// The namespaces that a kernel starts with have these numbers everywhere.
bool is_initial(const std::string& link) {
  const std::size_t bracket = link.find('[');
  const unsigned long number =
      bracket == std::string::npos ? 0 : std::stoul(link.substr(bracket + 1));
  return number >= 0xEFFFFFF8UL && number <= 0xEFFFFFFFUL;
}

void check_own_namespace(const std::string& kind) {
  const std::string inside = full().facts.at("namespaces").at(kind).get<std::string>();
  INFO(kind << ": inside " << inside << ", outside " << host_namespace(kind));
  CHECK_FALSE(inside.empty());
  CHECK(inside != host_namespace(kind));
  CHECK_FALSE(is_initial(inside));
}

/// The first of `paths` that can be read inside: the file of cgroup v2 or that of v1.
std::string cgroup_value(const std::string& v2, const std::string& v1) {
  for (const std::string& file : {v2, v1}) {
    const Json& answer = full_answer("read:/sys/fs/cgroup/" + file);
    if (answer.is_object() && answer.at("ok") == true) {
      std::string text = answer.at("data").get<std::string>();
      text.erase(text.find_last_not_of('\n') + 1);
      return text;
    }
  }
  return "neither " + v2 + " nor " + v1 + " is there";
}

void check_device(const Json& node, int major, int minor) {
  REQUIRE(node.at("ok") == true);
  CHECK(node.at("type") == "c");
  CHECK(node.at("major") == major);
  CHECK(node.at("minor") == minor);
}

void check_link(const char* path, const char* target) {
  const Json& node = full_answer("stat:" + std::string(path));
  REQUIRE(node.at("ok") == true);
  CHECK(node.at("target") == target);
}

std::string called(long number, const std::string& arguments) {
  return "call:" + std::to_string(number) + arguments;
}

void set_namespace_path(Json& namespaces, const std::string& type, const std::string& path) {
  for (Json& space : namespaces) {
    if (space.at("type") == type) space["path"] = path;
  }
}

/// A process in a UTS namespace of its own, in which the host has the name `conformance-uts`.
class OtherNamespace {
 public:
  OtherNamespace()
      : child_(kata::spawn({.argv = {"unshare", "--uts", "sh", "-c",
                                     "echo conformance-uts > /proc/sys/kernel/hostname; "
                                     "exec sleep 120"}})) {
    const std::string comm = "/proc/" + std::to_string(child_.pid()) + "/comm";
    ready_ = eventually([&] { return kata::read_line_of(comm) == "sleep"; });
  }
  [[nodiscard]] bool ready() const noexcept { return ready_; }
  [[nodiscard]] std::string path() const {
    return "/proc/" + std::to_string(child_.pid()) + "/ns/uts";
  }

 private:
  kata::ChildProcess child_;
  bool ready_ = false;
};

std::string call(long number) { return "call:" + std::to_string(number); }

/// A process that gets its processor, disk and clocks in another way than others.
const Json& scheduled() {
  static const Json facts = [] {
    Bundle bundle(probe({call(SYS_sched_getscheduler), call(SYS_ioprio_get) + ":1",
                         "read:/proc/self/timens_offsets"}));
    bundle.config["linux"]["personality"] = {{"domain", "LINUX32"}};
    bundle.config["linux"]["namespaces"].push_back({{"type", "time"}});
    bundle.config["linux"]["timeOffsets"] = {{"monotonic", {{"secs", 1000}, {"nanosecs", 5}}},
                                             {"boottime", {{"secs", 2000}}}};
    bundle.config["process"]["scheduler"] = {{"policy", "SCHED_RR"}, {"priority", 3}};
    bundle.config["process"]["ioPriority"] = {{"class", "IOPRIO_CLASS_BE"}, {"priority", 6}};
    return probed(bundle);
  }();
  return facts;
}

const Json& scheduled_answer(const std::string& query) {
  return scheduled().at("answers").at(query);
}

}  // namespace

TEST_CASE("config-linux.md, Default Filesystems: proc, sysfs, devpts and a tmpfs for shm") {
  CHECK(mount_at(full().facts, "/proc").at("type") == "proc");
  CHECK(mount_at(full().facts, "/sys").at("type") == "sysfs");
  CHECK(mount_at(full().facts, "/dev/pts").at("type") == "devpts");
  CHECK(mount_at(full().facts, "/dev/shm").at("type") == "tmpfs");
}

TEST_CASE("config-linux.md, Namespaces: a pid namespace shows the container's processes only") {
  CHECK(full().facts.at("pid") == 1);
  for (const Json& name : full_answer("list:/proc").at("names")) {
    const std::string text = name.get<std::string>();
    if (text.find_first_not_of("0123456789") == std::string::npos) CHECK(text == "1");
  }
}

TEST_CASE("config-linux.md, Namespaces: each listed type without a path is a new one") {
  for (const char* kind : {"pid", "ipc", "uts", "mnt", "cgroup"}) check_own_namespace(kind);
}

TEST_CASE("config-linux.md, Namespaces: a new network namespace has a loopback that is up alone") {
  const Json facts = probed(Bundle(probe({"list:/sys/class/net", "read:/sys/class/net/lo/flags"})));
  CHECK(facts.at("answers").at("list:/sys/class/net").at("names") == Json::array({"lo"}));
}

TEST_CASE("config-linux.md, Namespaces: a type that is not listed is the runtime's own") {
  Bundle bundle(probe());
  Json& spaces = bundle.config["linux"]["namespaces"];
  for (std::size_t i = spaces.size(); i-- > 0;) {
    if (spaces[i].at("type") == "uts") spaces.erase(i);
  }
  char host[256] = {};
  REQUIRE(::gethostname(host, sizeof host - 1) == 0);
  CHECK(probed(bundle).at("hostname") == host);
}

TEST_CASE("config-linux.md, Namespaces: a path puts the process into that namespace") {
  const OtherNamespace other;
  REQUIRE(other.ready());
  Bundle bundle(probe());
  set_namespace_path(bundle.config["linux"]["namespaces"], "uts", other.path());
  CHECK(probed(bundle).at("hostname") == "conformance-uts");
}

TEST_CASE("config-linux.md, Namespaces: a path is joined or refused, never forgotten") {
  const OtherNamespace other;
  REQUIRE(other.ready());
  Bundle bundle(probe());
  set_namespace_path(bundle.config["linux"]["namespaces"], "uts", other.path());
  Container container(bundle);
  if (container.create().status != 0) {
    CHECK(container.status() == "none");
    return;
  }
  REQUIRE(container.start().status == 0);
  REQUIRE(container.wait_for("stopped"));
  CHECK(kata::parse_json(container.output(), "facts").at("hostname") == "conformance-uts");
}

TEST_CASE("config-linux.md, User namespace mappings: the ids are mapped as configured") {
  Bundle bundle(probe({"read:/proc/self/uid_map", "read:/proc/self/gid_map"}));
  Json& part = bundle.config["linux"];
  part["namespaces"].push_back({{"type", "user"}});
  const Json mapping = {{"containerID", 0}, {"hostID", 100000}, {"size", 65536}};
  part["uidMappings"] = Json::array({mapping});
  part["gidMappings"] = Json::array({mapping});
  // The host's folder of bundles is nobody else's to enter.
  REQUIRE(::chmod(setting("KATA_CONFORMANCE_FOLDER").c_str(), 0755) == 0);
  const Json facts = probed(bundle);
  CHECK(facts.at("uid") == 0);
  for (const char* query : {"read:/proc/self/uid_map", "read:/proc/self/gid_map"}) {
    std::istringstream words(facts.at("answers").at(query).at("data").get<std::string>());
    long inside = -1, outside = -1, size = -1;
    words >> inside >> outside >> size;
    CHECK(inside == 0);
    CHECK(outside == 100000);
    CHECK(size == 65536);
  }
}

TEST_CASE("config-linux.md, Devices: a listed device is there with its numbers, mode and owner") {
  const Json& node = full_answer("stat:/dev/conf-zero");
  check_device(node, 1, 5);
  CHECK(node.at("mode") == 0644);
  CHECK(node.at("uid") == 11);
  CHECK(node.at("gid") == 12);
  CHECK(full_answer("read:/dev/conf-zero").at("ok") == true);
}

TEST_CASE("config-linux.md, Devices: a fifo outside of /dev is there") {
  const Json& node = full_answer("stat:/srv/conf-fifo");
  REQUIRE(node.at("ok") == true);
  CHECK(node.at("type") == "p");
}

TEST_CASE("config-linux.md, Default Devices: null, zero, full, random, urandom and tty are there") {
  check_device(full_answer("stat:/dev/null"), 1, 3);
  check_device(full_answer("stat:/dev/zero"), 1, 5);
  check_device(full_answer("stat:/dev/full"), 1, 7);
  check_device(full_answer("stat:/dev/random"), 1, 8);
  check_device(full_answer("stat:/dev/urandom"), 1, 9);
  check_device(full_answer("stat:/dev/tty"), 5, 0);
}

TEST_CASE("config-linux.md, Default Devices: every user can use them, whatever the rules") {
  CHECK(full_answer("open:/dev/null").at("ok") == true);
  CHECK(plain().at("answers").at("open:/dev/null").at("ok") == true);
  CHECK(plain().at("answers").at("read:/dev/zero").at("ok") == true);
}

TEST_CASE("config-linux.md, Default Devices: ptmx is that of the container's devpts") {
  const Json& node = full_answer("stat:/dev/ptmx");
  REQUIRE(node.at("ok") == true);
  if (node.at("type") == "l") {
    CHECK_THAT(node.at("target").get<std::string>(), Catch::EndsWith("pts/ptmx"));
  } else {
    check_device(node, 5, 2);
  }
}

TEST_CASE("config-linux.md, Cgroups Path: an absolute one is relative to the cgroup mount") {
  // The sandbox's for a virtual machine, the container's own otherwise: there while it is.
  Bundle bundle({"sleep", "1000"});
  Container container(bundle);
  bundle.config["linux"]["cgroupsPath"] = "/kata-conformance/" + container.id();
  bundle.write();
  REQUIRE(container.create().status == 0);
  int found = 0;
  for (const char* controller : {"", "/cpu", "/memory", "/pids", "/unified"}) {
    found += kata::path_exists("/sys/fs/cgroup" + std::string(controller) + "/kata-conformance/" +
                               container.id())
                 ? 1
                 : 0;
  }
  CHECK(found > 0);
}

TEST_CASE("config-linux.md, Allowed Device list: the rules are applied in the listed order") {
  CHECK(full_answer("open:/dev/conf-denied").at("errno") == kPermission);
  CHECK(full_answer("open:/dev/conf-allowed").at("errno") == kNoDriver);
}

TEST_CASE("config-linux.md, Memory: limit and reservation are the cgroup's") {
  CHECK(cgroup_value("memory.max", "memory/memory.limit_in_bytes") == "67108864");
  CHECK(cgroup_value("memory.low", "memory/memory.soft_limit_in_bytes") == "33554432");
}

TEST_CASE("config-linux.md, CPU: shares, quota and period are the cgroup's") {
  const std::string quota = cgroup_value("cpu.max", "cpu/cpu.cfs_quota_us");
  CHECK((quota == "50000 100000" || quota == "50000"));
  const std::string weight = cgroup_value("cpu.weight", "cpu/cpu.shares");
  CHECK((weight == "20" || weight == "512"));  // 20 is what 512 shares are in cgroup v2
}

TEST_CASE("config-linux.md, PIDs: limit is the cgroup's") {
  CHECK(cgroup_value("pids.max", "pids/pids.max") == "50");
}

TEST_CASE("config-linux.md, Unified: a value is written to the file of its name") {
  Bundle bundle(probe({"read:/sys/fs/cgroup/memory.high"}));
  bundle.config["mounts"].push_back({{"destination", "/sys/fs/cgroup"},
                                     {"type", "cgroup"},
                                     {"source", "cgroup"},
                                     {"options", {"ro"}}});
  bundle.config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  bundle.config["linux"]["resources"]["unified"] = {{"memory.high", "50331648"}};
  CHECK(probed(bundle).at("answers").at("read:/sys/fs/cgroup/memory.high").at("data") ==
        "50331648\n");
}

TEST_CASE("config-linux.md, Sysctl: kernel parameters are set for the container") {
  CHECK(full_answer("read:/proc/sys/net/ipv4/ip_forward").at("data") == "1\n");
  CHECK(full_answer("read:/proc/sys/net/core/somaxconn").at("data") == "256\n");
  CHECK(full_answer("read:/proc/sys/kernel/msgmax").at("data") == "9000\n");
}

TEST_CASE("config-linux.md, Seccomp: a filter is there when it is asked for and only then") {
  CHECK(full().facts.at("status").at("Seccomp") == "2");
  CHECK(plain().at("status").at("Seccomp") == "0");
}

TEST_CASE("config-linux.md, Seccomp: SCMP_ACT_ERRNO without errnoRet is EPERM") {
  CHECK(full_answer(called(SYS_getpriority, ":0:0")).at("errno") == kPermission);
}

TEST_CASE("config-linux.md, Seccomp: errnoRet is the error") {
  CHECK(full_answer(called(SYS_setpriority, ":0:0:0")).at("errno") == 38);
}

TEST_CASE("config-linux.md, Seccomp: args match values of arguments") {
  CHECK(full_answer(called(SYS_dup, ":77")).at("errno") == 95);
  CHECK(full_answer(called(SYS_dup, ":78")).at("errno") == 9);  // EBADF, the kernel's own
}

TEST_CASE("config-linux.md, Rootfs Mount Propagation: private is no peer of anything") {
  CHECK(mount_at(full().facts, "/").at("propagation") == "");
}

TEST_CASE("config-linux.md, Rootfs Mount Propagation: shared is a peer group") {
  Bundle bundle(probe());
  bundle.config["linux"]["rootfsPropagation"] = "shared";
  CHECK_THAT(mount_at(probed(bundle), "/").at("propagation").get<std::string>(),
             Catch::Contains("shared:"));
}

TEST_CASE("config-linux.md, Masked Paths: they cannot be read") {
  CHECK(full_answer("read:/masked-file").value("data", "") == "");
  CHECK(full_answer("read:/proc/kcore").value("data", "") == "");
  CHECK(full_answer("list:/masked-dir").at("names").empty());
}

TEST_CASE("config-linux.md, Readonly Paths: they cannot be written") {
  CHECK(full_answer("create:/ro-dir/new").at("errno") == kReadOnly);
  CHECK(full_answer("write:/proc/sys/kernel/domainname").at("errno") == kReadOnly);
}

TEST_CASE("config-linux.md, Personality: LINUX32 is the process's") {
  CHECK(scheduled().at("machine") == "i686");
}

TEST_CASE("config-linux.md, Time namespace: offsets are the clocks'") {
  const std::string offsets = scheduled_answer("read:/proc/self/timens_offsets").value("data", "");
  std::istringstream lines(offsets);
  std::string clock;
  for (long seconds = 0, nanoseconds = 0; lines >> clock >> seconds >> nanoseconds;) {
    INFO(clock);
    CHECK(seconds == (clock == "monotonic" ? 1000 : 2000));
    CHECK(nanoseconds == (clock == "monotonic" ? 5 : 0));
  }
  CHECK(clock == "boottime");
}

TEST_CASE("config.md, Linux Process: scheduler is the process's") {
  constexpr int kRoundRobin = 2;  // SCHED_RR
  CHECK(scheduled_answer(call(SYS_sched_getscheduler)).value("result", -1) == kRoundRobin);
}

TEST_CASE("config.md, Linux Process: ioPriority is the process's") {
  constexpr int kBestEffort6 = 2 << 13 | 6;  // IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6)
  CHECK(scheduled_answer(call(SYS_ioprio_get) + ":1").value("result", -1) == kBestEffort6);
}

TEST_CASE("runtime-linux.md, File descriptors: only the three standard streams are open") {
  CHECK(full().facts.at("fds") == Json::array({0, 1, 2}));
  CHECK(plain().at("fds") == Json::array({0, 1, 2}));
}

TEST_CASE("runtime-linux.md, Dev symbolic links: fd, stdin, stdout and stderr") {
  check_link("/dev/fd", "/proc/self/fd");
  check_link("/dev/stdin", "/proc/self/fd/0");
  check_link("/dev/stdout", "/proc/self/fd/1");
  check_link("/dev/stderr", "/proc/self/fd/2");
}
