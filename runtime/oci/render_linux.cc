// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/render_linux.h"

namespace kata::oci {
namespace {

Json device_rule_to_json(const grpc::LinuxDeviceCgroup& rule) {
  Json out = {{"allow", rule.allow()}};
  put(out, "type", rule.type());
  if (rule.has_major()) out["major"] = rule.major();
  if (rule.has_minor()) out["minor"] = rule.minor();
  put(out, "access", rule.access());
  return out;
}

Json memory_to_json(const grpc::LinuxMemory& memory) {
  Json out = Json::object();
  if (memory.has_limit()) out["limit"] = memory.limit();
  if (memory.has_reservation()) out["reservation"] = memory.reservation();
  if (memory.has_swap()) out["swap"] = memory.swap();
  if (memory.has_kernel()) out["kernel"] = memory.kernel();
  if (memory.has_kernel_tcp()) out["kernelTCP"] = memory.kernel_tcp();
  if (memory.has_swappiness()) out["swappiness"] = memory.swappiness();
  put(out, "disableOOMKiller", memory.disable_oom_killer());
  put(out, "checkBeforeUpdate", memory.check_before_update());
  return out;
}

Json cpu_to_json(const grpc::LinuxCPU& cpu) {
  Json out = Json::object();
  if (cpu.shares() != 0) out["shares"] = cpu.shares();
  if (cpu.quota() != 0) out["quota"] = cpu.quota();
  if (cpu.period() != 0) out["period"] = cpu.period();
  if (cpu.realtime_runtime() != 0) out["realtimeRuntime"] = cpu.realtime_runtime();
  if (cpu.realtime_period() != 0) out["realtimePeriod"] = cpu.realtime_period();
  put(out, "cpus", cpu.cpus());
  put(out, "mems", cpu.mems());
  if (cpu.has_idle()) out["idle"] = cpu.idle();
  if (cpu.has_burst()) out["burst"] = cpu.burst();
  return out;
}

Json throttle_to_json(const grpc::LinuxThrottleDevice& device) {
  return {{"major", device.major()}, {"minor", device.minor()}, {"rate", device.rate()}};
}

Json block_io_to_json(const grpc::LinuxBlockIO& io) {
  Json out = Json::object();
  if (io.weight() != 0) out["weight"] = io.weight();
  if (io.leaf_weight() != 0) out["leafWeight"] = io.leaf_weight();
  put_all(out, "weightDevice", io.weight_device(), [](const grpc::LinuxWeightDevice& device) {
    Json json = {{"major", device.major()}, {"minor", device.minor()}};
    if (device.weight() != 0) json["weight"] = device.weight();
    if (device.leaf_weight() != 0) json["leafWeight"] = device.leaf_weight();
    return json;
  });
  put_all(out, "throttleReadBpsDevice", io.throttle_read_bps_device(), throttle_to_json);
  put_all(out, "throttleWriteBpsDevice", io.throttle_write_bps_device(), throttle_to_json);
  put_all(out, "throttleReadIOPSDevice", io.throttle_read_iops_device(), throttle_to_json);
  put_all(out, "throttleWriteIOPSDevice", io.throttle_write_iops_device(), throttle_to_json);
  return out;
}

Json network_to_json(const grpc::LinuxNetwork& network) {
  Json out = Json::object();
  if (network.class_id() != 0) out["classID"] = network.class_id();
  put_all(out, "priorities", network.priorities(), [](const grpc::LinuxInterfacePriority& p) {
    return Json{{"name", p.name()}, {"priority", p.priority()}};
  });
  return out;
}

Json id_mapping_to_json(const grpc::LinuxIDMapping& mapping) {
  return {{"containerID", mapping.container_id()},
          {"hostID", mapping.host_id()},
          {"size", mapping.size()}};
}

Json device_to_json(const grpc::LinuxDevice& device) {
  Json out = {{"path", device.path()}, {"type", device.type()}};
  out["major"] = device.major();
  out["minor"] = device.minor();
  if (device.file_mode() != 0) out["fileMode"] = device.file_mode();
  out["uid"] = device.uid();
  out["gid"] = device.gid();
  return out;
}

Json syscall_to_json(const grpc::LinuxSyscall& call) {
  Json out = Json::object();
  put(out, "names", call.names());
  out["action"] = call.action();
  if (call.ErrnoRet_case() == grpc::LinuxSyscall::kErrnoret) out["errnoRet"] = call.errnoret();
  put_all(out, "args", call.args(), [](const grpc::LinuxSeccompArg& arg) {
    Json json = {{"index", arg.index()}, {"value", arg.value()}};
    if (arg.value_two() != 0) json["valueTwo"] = arg.value_two();
    json["op"] = arg.op();
    return json;
  });
  return out;
}

Json seccomp_to_json(const grpc::LinuxSeccomp& seccomp) {
  Json out = {{"defaultAction", seccomp.default_action()}};
  if (seccomp.has_default_errno_ret()) out["defaultErrnoRet"] = seccomp.default_errno_ret();
  put(out, "architectures", seccomp.architectures());
  put(out, "flags", seccomp.flags());
  put_all(out, "syscalls", seccomp.syscalls(), syscall_to_json);
  return out;
}

}  // namespace

Json resources_to_json(const grpc::LinuxResources& resources) {
  Json out = Json::object();
  put_all(out, "devices", resources.devices(), device_rule_to_json);
  if (resources.has_memory()) out["memory"] = memory_to_json(resources.memory());
  if (resources.has_cpu()) out["cpu"] = cpu_to_json(resources.cpu());
  if (resources.has_pids()) out["pids"] = {{"limit", resources.pids().limit()}};
  if (resources.has_block_io()) out["blockIO"] = block_io_to_json(resources.block_io());
  put_all(out, "hugepageLimits", resources.hugepage_limits(),
          [](const grpc::LinuxHugepageLimit& l) {
            return Json{{"pageSize", l.pagesize()}, {"limit", l.limit()}};
          });
  if (resources.has_network()) out["network"] = network_to_json(resources.network());
  put(out, "unified", resources.unified());
  return out;
}

Json linux_to_json(const grpc::Linux& linux_part) {
  Json out = Json::object();
  put_all(out, "uidMappings", linux_part.uid_mappings(), id_mapping_to_json);
  put_all(out, "gidMappings", linux_part.gid_mappings(), id_mapping_to_json);
  put(out, "sysctl", linux_part.sysctl());
  if (linux_part.has_resources()) out["resources"] = resources_to_json(linux_part.resources());
  put(out, "cgroupsPath", linux_part.cgroups_path());
  put_all(out, "namespaces", linux_part.namespaces(), [](const grpc::LinuxNamespace& ns) {
    Json json = {{"type", ns.type()}};
    put(json, "path", ns.path());
    return json;
  });
  put_all(out, "devices", linux_part.devices(), device_to_json);
  if (linux_part.has_seccomp()) out["seccomp"] = seccomp_to_json(linux_part.seccomp());
  put(out, "rootfsPropagation", linux_part.rootfs_propagation());
  put(out, "maskedPaths", linux_part.masked_paths());
  put(out, "readonlyPaths", linux_part.readonly_paths());
  put(out, "mountLabel", linux_part.mount_label());
  if (!linux_part.personality().empty()) {
    out["personality"] = {{"domain", linux_part.personality()}};
  }
  for (const auto& [clock, offset] : linux_part.time_offsets()) {
    out["timeOffsets"][clock] = {{"secs", offset.secs()}, {"nanosecs", offset.nanosecs()}};
  }
  return out;
}

}  // namespace kata::oci
