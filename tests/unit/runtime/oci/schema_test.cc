// SPDX-License-Identifier: Apache-2.0
//
// Every field that version 1.1 of the runtime specification has for Linux is carried to the guest,
// refused with an error, or told as a difference; nothing is ignored in silence.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <sstream>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/oci/differences.h"
#include "runtime/oci/spec.h"

using namespace kata;
using namespace kata::oci;

namespace {

/// The fields by their paths, without the indexes of lists; of what a key of the user's own names,
/// the object alone.
constexpr const char* kSchema = R"(
ociVersion hostname domainname annotations
root.path root.readonly
mounts.destination mounts.source mounts.type mounts.options mounts.uidMappings mounts.gidMappings
process.terminal process.consoleSize.height process.consoleSize.width process.cwd process.env
process.args process.commandLine process.rlimits.type process.rlimits.soft process.rlimits.hard
process.apparmorProfile process.capabilities.effective process.capabilities.bounding
process.capabilities.inheritable process.capabilities.permitted process.capabilities.ambient
process.noNewPrivileges process.oomScoreAdj process.selinuxLabel
process.scheduler.policy process.scheduler.nice process.scheduler.priority process.scheduler.flags
process.scheduler.runtime process.scheduler.deadline process.scheduler.period
process.ioPriority.class process.ioPriority.priority process.execCPUAffinity
process.user.uid process.user.gid process.user.umask process.user.additionalGids
process.user.username
hooks.prestart.path hooks.prestart.args hooks.prestart.env hooks.prestart.timeout
hooks.createRuntime hooks.createContainer hooks.startContainer hooks.poststart hooks.poststop
linux.namespaces.type linux.namespaces.path
linux.uidMappings.containerID linux.uidMappings.hostID linux.uidMappings.size linux.gidMappings
linux.timeOffsets.monotonic.secs linux.timeOffsets.monotonic.nanosecs linux.timeOffsets.boottime
linux.devices.type linux.devices.path linux.devices.major linux.devices.minor
linux.devices.fileMode linux.devices.uid linux.devices.gid
linux.cgroupsPath linux.rootfsPropagation linux.maskedPaths linux.readonlyPaths linux.mountLabel
linux.sysctl linux.intelRdt linux.personality.domain linux.personality.flags
linux.resources.devices.allow linux.resources.devices.type linux.resources.devices.major
linux.resources.devices.minor linux.resources.devices.access
linux.resources.memory.limit linux.resources.memory.reservation linux.resources.memory.swap
linux.resources.memory.kernel linux.resources.memory.kernelTCP linux.resources.memory.swappiness
linux.resources.memory.disableOOMKiller linux.resources.memory.useHierarchy
linux.resources.memory.checkBeforeUpdate
linux.resources.cpu.shares linux.resources.cpu.quota linux.resources.cpu.burst
linux.resources.cpu.period linux.resources.cpu.realtimeRuntime linux.resources.cpu.realtimePeriod
linux.resources.cpu.cpus linux.resources.cpu.mems linux.resources.cpu.idle
linux.resources.blockIO.weight linux.resources.blockIO.leafWeight
linux.resources.blockIO.weightDevice linux.resources.blockIO.throttleReadBpsDevice
linux.resources.blockIO.throttleWriteBpsDevice linux.resources.blockIO.throttleReadIOPSDevice
linux.resources.blockIO.throttleWriteIOPSDevice
linux.resources.hugepageLimits.pageSize linux.resources.hugepageLimits.limit
linux.resources.network.classID linux.resources.network.priorities
linux.resources.pids.limit linux.resources.rdma linux.resources.unified
linux.seccomp.defaultAction linux.seccomp.defaultErrnoRet linux.seccomp.flags
linux.seccomp.listenerPath linux.seccomp.listenerMetadata linux.seccomp.architectures
linux.seccomp.syscalls.names linux.seccomp.syscalls.action linux.seccomp.syscalls.errnoRet
linux.seccomp.syscalls.args.index linux.seccomp.syscalls.args.value
linux.seccomp.syscalls.args.valueTwo linux.seccomp.syscalls.args.op
vm windows solaris zos
)";

/// All that is not refused, with values that are none's default.
constexpr const char* kWhole = R"json({
  "ociVersion": "1.1.0", "hostname": "h", "domainname": "d", "annotations": {"a": "b"},
  "root": {"path": "rootfs", "readonly": true},
  "mounts": [{"destination": "/v", "source": "/s", "type": "bind", "options": ["rbind", "ro"]}],
  "process": {
    "terminal": true, "consoleSize": {"height": 24, "width": 80}, "cwd": "/", "env": ["A=b"],
    "args": ["sh"], "rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 2}],
    "apparmorProfile": "p", "selinuxLabel": "l", "noNewPrivileges": true, "oomScoreAdj": 7,
    "capabilities": {"effective": ["CAP_KILL"], "bounding": ["CAP_KILL"],
      "inheritable": ["CAP_KILL"], "permitted": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
    "scheduler": {"policy": "SCHED_DEADLINE", "nice": 1, "priority": 2,
      "flags": ["SCHED_FLAG_RESET_ON_FORK"], "runtime": 3, "deadline": 4, "period": 5},
    "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 4},
    "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3], "username": "u"}
  },
  "hooks": {
    "prestart": [{"path": "/h", "args": ["h"], "env": ["A=b"], "timeout": 5}],
    "createRuntime": [{"path": "/h"}], "startContainer": [{"path": "/h"}],
    "poststart": [{"path": "/h"}], "poststop": [{"path": "/h"}]
  },
  "linux": {
    "namespaces": [{"type": "network", "path": "/n"}, {"type": "time"}],
    "uidMappings": [{"containerID": 1, "hostID": 1000, "size": 2}],
    "gidMappings": [{"containerID": 1, "hostID": 1000, "size": 2}],
    "timeOffsets": {"monotonic": {"secs": 9, "nanosecs": 8}, "boottime": {"secs": 9, "nanosecs": 8}},
    "devices": [{"type": "c", "path": "/dev/x", "major": 10, "minor": 229, "fileMode": 384,
      "uid": 4, "gid": 5}],
    "cgroupsPath": "/c", "rootfsPropagation": "slave", "maskedPaths": ["/m"],
    "readonlyPaths": ["/r"], "mountLabel": "l", "sysctl": {"net.ipv4.ip_forward": "1"},
    "personality": {"domain": "LINUX32"},
    "resources": {
      "devices": [{"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}],
      "memory": {"limit": 9, "reservation": 8, "swap": 10, "kernel": 7, "kernelTCP": 6,
        "swappiness": 5, "disableOOMKiller": true, "useHierarchy": true, "checkBeforeUpdate": true},
      "cpu": {"shares": 9, "quota": 8, "burst": 7, "period": 6, "realtimeRuntime": 5,
        "realtimePeriod": 4, "cpus": "0", "mems": "0", "idle": 1},
      "blockIO": {"weight": 10, "leafWeight": 11,
        "weightDevice": [{"major": 8, "minor": 1, "weight": 12, "leafWeight": 13}],
        "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 2}],
        "throttleWriteBpsDevice": [{"major": 8, "minor": 1, "rate": 2}],
        "throttleReadIOPSDevice": [{"major": 8, "minor": 1, "rate": 2}],
        "throttleWriteIOPSDevice": [{"major": 8, "minor": 1, "rate": 2}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 9}],
      "network": {"classID": 5, "priorities": [{"name": "eth0", "priority": 1}]},
      "pids": {"limit": 9}, "unified": {"memory.high": "9"}
    },
    "seccomp": {
      "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 5,
      "flags": ["SECCOMP_FILTER_FLAG_LOG"], "architectures": ["SCMP_ARCH_X86_64"],
      "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 6,
        "args": [{"index": 1, "value": 2, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]}]
    }
  }
})json";

struct Refused {
  const char* field;
  const char* change;  // a merge patch, see RFC 7396, of the whole
};

constexpr Refused kRefused[] = {
    {"mounts.uidMappings",
     R"({"mounts":[{"destination":"/v","uidMappings":[{"containerID":0,"hostID":1,"size":1}]}]})"},
    {"mounts.gidMappings",
     R"({"mounts":[{"destination":"/v","gidMappings":[{"containerID":0,"hostID":1,"size":1}]}]})"},
    {"process.commandLine", R"({"process":{"commandLine":"x"}})"},
    {"process.execCPUAffinity", R"({"process":{"execCPUAffinity":{"initial":"0"}}})"},
    {"hooks.createContainer", R"({"hooks":{"createContainer":[{"path":"/h"}]}})"},
    {"linux.intelRdt", R"({"linux":{"intelRdt":{"closID":"c"}}})"},
    {"linux.personality.flags", R"({"linux":{"personality":{"domain":"LINUX","flags":["f"]}}})"},
    {"linux.resources.rdma", R"({"linux":{"resources":{"rdma":{"mlx5_1":{"hcaHandles":3}}}}})"},
    {"linux.seccomp.listenerPath", R"({"linux":{"seccomp":{"listenerPath":"/s"}}})"},
    {"linux.seccomp.listenerMetadata", R"({"linux":{"seccomp":{"listenerMetadata":"m"}}})"},
    {"vm", R"({"vm":{"kernel":{"path":"/k"}}})"},
    {"windows", R"({"windows":{"layerFolders":["x"]}})"},
    {"solaris", R"({"solaris":{"milestone":"x"}})"},
    {"zos", R"({"zos":{"namespaces":[{"type":"ipc"}]}})"},
};

std::set<std::string> schema() {
  std::istringstream words(kSchema);
  return {std::istream_iterator<std::string>(words), {}};
}

/// Whether `path` or a folder of it, so to speak, is in `known`.
bool covers(const std::set<std::string>& known, std::string path) {
  for (;;) {
    if (known.contains(path)) return true;
    const std::size_t dot = path.rfind('.');
    if (dot == std::string::npos) return false;
    path.resize(dot);
  }
}

std::set<std::string> told() {
  std::set<std::string> fields;
  for (const Difference& difference : differences()) {
    if (!difference.field.starts_with("command line:")) fields.emplace(difference.field);
  }
  return fields;
}

using Visit = std::function<void(const std::string& path, const Json::json_pointer& where)>;

/// Each value that is no object and no list of objects.
void visit_leaves(const Json& value, const std::string& path, const Json::json_pointer& where,
                  const Visit& visit) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (value.is_object()) {
    for (const auto& [key, below] : value.items())
      visit_leaves(below, prefix + key, where / key, visit);
  } else if (value.is_array() && value.at(0).is_object()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      visit_leaves(value.at(i), path, where / i, visit);
  } else {
    visit(path, where);
  }
}

}  // namespace

TEST_CASE("every field of the specification is carried, told or refused", "[oci]") {
  const Json whole = Json::parse(kWhole);
  const Json carried = Json::parse(spec_json(parse_config(kWhole, "whole")));
  const std::set<std::string> differs = told();
  std::set<std::string> seen;
  visit_leaves(whole, "", Json::json_pointer(), [&](const auto& path, const auto& where) {
    INFO(path);
    seen.insert(path);
    CHECK(covers(schema(), path));
    const bool is_carried = carried.contains(where) && carried.at(where) == whole.at(where);
    CHECK((is_carried || covers(differs, path)));
  });
  CHECK(unknown_fields(kWhole, "whole").empty());
  for (const Refused& refused : kRefused) seen.insert(refused.field);
  for (const std::string& field : schema()) {
    INFO(field);
    CHECK(std::any_of(seen.begin(), seen.end(), [&](const std::string& path) {
      return path == field || path.starts_with(field + ".");
    }));
  }
}

TEST_CASE("a field that cannot be carried out is an error that names it", "[oci]") {
  for (const Refused& refused : kRefused) {
    INFO(refused.field);
    Json config = Json::parse(kWhole);
    config.merge_patch(Json::parse(refused.change));
    try {
      validate_spec(parse_config(config.dump(), "whole"));
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == Code::unimplemented);
      const std::string name =
          std::string(refused.field).substr(std::string(refused.field).rfind('.') + 1);
      CHECK(std::string(error.what()).find(name) != std::string::npos);
    }
  }
}

TEST_CASE("only fields of the specification are told as differences, and the page has each",
          "[oci]") {
  for (const std::string& field : told()) {
    INFO(field);
    const auto known = schema();
    CHECK(std::any_of(known.begin(), known.end(), [&](const std::string& path) {
      return path == field || path.starts_with(field + ".");
    }));
  }
  const std::string page = read_file(KATA_SOURCE "/docs/config-json.md");
  for (const Difference& difference : differences()) {
    INFO(difference.field);
    CHECK(page.find(fmt::format("`{}` | {}", difference.field, difference.what)) !=
          std::string::npos);
  }
}
