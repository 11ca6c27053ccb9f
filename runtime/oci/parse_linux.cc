// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/parse_linux.h"

namespace kata::oci {
namespace {

void read_memory(ObjectReader& in, grpc::LinuxMemory& out) {
  in.integer<std::int64_t>("limit", [&](auto v) { out.set_limit(v); });
  in.integer<std::int64_t>("reservation", [&](auto v) { out.set_reservation(v); });
  in.integer<std::int64_t>("swap", [&](auto v) { out.set_swap(v); });
  in.integer<std::int64_t>("kernel", [&](auto v) { out.set_kernel(v); });
  in.integer<std::int64_t>("kernelTCP", [&](auto v) { out.set_kernel_tcp(v); });
  in.integer<std::uint64_t>("swappiness", [&](auto v) { out.set_swappiness(v); });
  out.set_disable_oom_killer(in.boolean("disableOOMKiller"));
  out.set_check_before_update(in.boolean("checkBeforeUpdate"));
  in.skip("useHierarchy");  // always so in cgroup v2
}

void read_cpu(ObjectReader& in, grpc::LinuxCPU& out) {
  in.integer<std::uint64_t>("shares", [&](auto v) { out.set_shares(v); });
  in.integer<std::int64_t>("quota", [&](auto v) { out.set_quota(v); });
  in.integer<std::uint64_t>("period", [&](auto v) { out.set_period(v); });
  in.integer<std::int64_t>("realtimeRuntime", [&](auto v) { out.set_realtime_runtime(v); });
  in.integer<std::uint64_t>("realtimePeriod", [&](auto v) { out.set_realtime_period(v); });
  in.string("cpus", out.mutable_cpus());
  in.string("mems", out.mutable_mems());
  in.integer<std::int64_t>("idle", [&](auto v) { out.set_idle(v); });
  in.integer<std::uint64_t>("burst", [&](auto v) { out.set_burst(v); });
}

void read_throttle_devices(ObjectReader& in, const char* key,
                           google::protobuf::RepeatedPtrField<grpc::LinuxThrottleDevice>* out) {
  in.objects(key, [&](ObjectReader& device) {
    grpc::LinuxThrottleDevice* d = out->Add();
    device.integer<std::int64_t>("major", [&](auto v) { d->set_major(v); });
    device.integer<std::int64_t>("minor", [&](auto v) { d->set_minor(v); });
    device.integer<std::uint64_t>("rate", [&](auto v) { d->set_rate(v); });
  });
}

void read_block_io(ObjectReader& in, grpc::LinuxBlockIO& out) {
  in.integer<std::uint16_t>("weight", [&](auto v) { out.set_weight(v); });
  in.integer<std::uint16_t>("leafWeight", [&](auto v) { out.set_leaf_weight(v); });
  in.objects("weightDevice", [&](ObjectReader& device) {
    grpc::LinuxWeightDevice* d = out.add_weight_device();
    device.integer<std::int64_t>("major", [&](auto v) { d->set_major(v); });
    device.integer<std::int64_t>("minor", [&](auto v) { d->set_minor(v); });
    device.integer<std::uint16_t>("weight", [&](auto v) { d->set_weight(v); });
    device.integer<std::uint16_t>("leafWeight", [&](auto v) { d->set_leaf_weight(v); });
  });
  read_throttle_devices(in, "throttleReadBpsDevice", out.mutable_throttle_read_bps_device());
  read_throttle_devices(in, "throttleWriteBpsDevice", out.mutable_throttle_write_bps_device());
  read_throttle_devices(in, "throttleReadIOPSDevice", out.mutable_throttle_read_iops_device());
  read_throttle_devices(in, "throttleWriteIOPSDevice", out.mutable_throttle_write_iops_device());
}

void read_id_mapping(ObjectReader& in, grpc::LinuxIDMapping& out) {
  in.integer<std::uint32_t>("hostID", [&](auto v) { out.set_host_id(v); });
  in.integer<std::uint32_t>("containerID", [&](auto v) { out.set_container_id(v); });
  in.integer<std::uint32_t>("size", [&](auto v) { out.set_size(v); });
}

void read_device(ObjectReader& in, grpc::LinuxDevice& out) {
  in.string("path", out.mutable_path());
  in.string("type", out.mutable_type());
  in.integer<std::int64_t>("major", [&](auto v) { out.set_major(v); });
  in.integer<std::int64_t>("minor", [&](auto v) { out.set_minor(v); });
  in.integer<std::uint32_t>("fileMode", [&](auto v) { out.set_file_mode(v); });
  in.integer<std::uint32_t>("uid", [&](auto v) { out.set_uid(v); });
  in.integer<std::uint32_t>("gid", [&](auto v) { out.set_gid(v); });
}

void read_syscall(ObjectReader& in, grpc::LinuxSyscall& out) {
  in.strings("names", out.mutable_names());
  in.string("action", out.mutable_action());
  in.integer<std::uint32_t>("errnoRet", [&](auto v) { out.set_errnoret(v); });
  in.objects("args", [&](ObjectReader& arg) {
    grpc::LinuxSeccompArg* a = out.add_args();
    arg.integer<std::uint32_t>("index", [&](auto v) { a->set_index(v); });
    arg.integer<std::uint64_t>("value", [&](auto v) { a->set_value(v); });
    arg.integer<std::uint64_t>("valueTwo", [&](auto v) { a->set_value_two(v); });
    arg.string("op", a->mutable_op());
  });
}

void read_seccomp(ObjectReader& in, grpc::LinuxSeccomp& out) {
  in.string("defaultAction", out.mutable_default_action());
  in.integer<std::uint32_t>("defaultErrnoRet", [&](auto v) { out.set_default_errno_ret(v); });
  in.strings("architectures", out.mutable_architectures());
  in.strings("flags", out.mutable_flags());
  in.refuse("listenerPath", "no listener can reach into the guest");
  in.refuse("listenerMetadata", "no listener can reach into the guest");
  in.objects("syscalls", [&](ObjectReader& call) { read_syscall(call, *out.add_syscalls()); });
}

/// Any other clock is an error; see time_namespaces(7).
void read_time_offsets(ObjectReader& in, grpc::Linux& out) {
  for (const char* clock : {"monotonic", "boottime"}) {
    in.object(clock, [&](ObjectReader& o) {
      grpc::LinuxTimeOffset& offset = (*out.mutable_time_offsets())[clock];
      o.integer<std::int64_t>("secs", [&](auto v) { offset.set_secs(v); });
      o.integer<std::uint32_t>("nanosecs", [&](auto v) { offset.set_nanosecs(v); });
    });
  }
  in.refuse_others("only monotonic and boottime have offsets");
}

}  // namespace

void read_resources(ObjectReader& in, grpc::LinuxResources& out) {
  in.objects("devices", [&](ObjectReader& device) {
    grpc::LinuxDeviceCgroup* d = out.add_devices();
    d->set_allow(device.boolean("allow"));
    device.string("type", d->mutable_type());
    device.integer<std::int64_t>("major", [&](auto v) { d->set_major(v); });
    device.integer<std::int64_t>("minor", [&](auto v) { d->set_minor(v); });
    device.string("access", d->mutable_access());
  });
  in.object("memory", [&](ObjectReader& o) { read_memory(o, *out.mutable_memory()); });
  in.object("cpu", [&](ObjectReader& o) { read_cpu(o, *out.mutable_cpu()); });
  in.object("pids", [&](ObjectReader& o) {
    grpc::LinuxPids* pids = out.mutable_pids();
    o.integer<std::int64_t>("limit", [&](auto v) { pids->set_limit(v); });
  });
  in.object("blockIO", [&](ObjectReader& o) { read_block_io(o, *out.mutable_block_io()); });
  in.objects("hugepageLimits", [&](ObjectReader& o) {
    grpc::LinuxHugepageLimit* limit = out.add_hugepage_limits();
    o.string("pageSize", limit->mutable_pagesize());
    o.integer<std::uint64_t>("limit", [&](auto v) { limit->set_limit(v); });
  });
  in.object("network", [&](ObjectReader& o) {
    grpc::LinuxNetwork* network = out.mutable_network();
    o.integer<std::uint32_t>("classID", [&](auto v) { network->set_class_id(v); });
    o.objects("priorities", [&](ObjectReader& p) {
      grpc::LinuxInterfacePriority* priority = network->add_priorities();
      p.string("name", priority->mutable_name());
      p.integer<std::uint32_t>("priority", [&](auto v) { priority->set_priority(v); });
    });
  });
  in.string_map("unified", out.mutable_unified());
  in.refuse("rdma", "the guest has no RDMA device");
}

void read_personality(ObjectReader& in, std::string* out) {
  std::string domain;
  in.string("domain", &domain);
  if (domain != "LINUX" && domain != "LINUX32") {
    throw_error(Code::invalid_argument, "linux.personality: unknown domain \"{}\"", domain);
  }
  if (domain != "LINUX") *out = domain;  // LINUX is what every process has
  in.refuse("flags", "no flag is supported");
}

void read_linux(ObjectReader& in, grpc::Linux& out) {
  in.objects("uidMappings", [&](ObjectReader& o) { read_id_mapping(o, *out.add_uid_mappings()); });
  in.objects("gidMappings", [&](ObjectReader& o) { read_id_mapping(o, *out.add_gid_mappings()); });
  in.string_map("sysctl", out.mutable_sysctl());
  in.object("resources", [&](ObjectReader& o) { read_resources(o, *out.mutable_resources()); });
  in.string("cgroupsPath", out.mutable_cgroups_path());
  in.objects("namespaces", [&](ObjectReader& o) {
    grpc::LinuxNamespace* ns = out.add_namespaces();
    o.string("type", ns->mutable_type());
    o.string("path", ns->mutable_path());
  });
  in.objects("devices", [&](ObjectReader& o) { read_device(o, *out.add_devices()); });
  in.object("seccomp", [&](ObjectReader& o) { read_seccomp(o, *out.mutable_seccomp()); });
  in.string("rootfsPropagation", out.mutable_rootfs_propagation());
  in.strings("maskedPaths", out.mutable_masked_paths());
  in.strings("readonlyPaths", out.mutable_readonly_paths());
  in.string("mountLabel", out.mutable_mount_label());
  // Even an empty one asks for a group of the container's name.
  in.object("intelRdt", [&](ObjectReader&) {
    throw_error(Code::unimplemented,
                "linux.intelRdt: caches of the host cannot be divided within a virtual machine");
  });
  in.object("personality",
            [&](ObjectReader& o) { read_personality(o, out.mutable_personality()); });
  in.object("timeOffsets", [&](ObjectReader& o) { read_time_offsets(o, out); });
  in.refuse("memoryPolicy", "the guest has one NUMA node");
  in.refuse("netDevices", "interfaces of the host cannot be moved into the guest");
}

}  // namespace kata::oci
