// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/stats_json.h"

#include <vector>

#include "agent.pb.h"
#include "runtime/base/json.h"

namespace kata::cli {
namespace {

Json cpu_json(const grpc::CpuStats& cpu) {
  const grpc::CpuUsage& usage = cpu.cpu_usage();
  Json figures = {{"total", usage.total_usage()}};
  if (usage.percpu_usage_size() > 0) {
    figures["percpu"] =
        std::vector<std::uint64_t>(usage.percpu_usage().begin(), usage.percpu_usage().end());
  }
  figures["kernel"] = usage.usage_in_kernelmode();
  figures["user"] = usage.usage_in_usermode();
  Json throttling = Json::object();
  const grpc::ThrottlingData& throttled = cpu.throttling_data();
  if (throttled.periods() != 0) throttling["periods"] = throttled.periods();
  if (throttled.throttled_periods() != 0)
    throttling["throttledPeriods"] = throttled.throttled_periods();
  if (throttled.throttled_time() != 0) throttling["throttledTime"] = throttled.throttled_time();
  return {{"usage", figures}, {"throttling", throttling}};
}

Json memory_entry_json(const grpc::MemoryData& data) {
  Json out = {{"limit", data.limit()}};
  if (data.usage() != 0) out["usage"] = data.usage();
  if (data.max_usage() != 0) out["max"] = data.max_usage();
  out["failcnt"] = data.failcnt();
  return out;
}

Json memory_json(const grpc::MemoryStats& memory) {
  Json out = Json::object();
  if (memory.cache() != 0) out["cache"] = memory.cache();
  out["usage"] = memory_entry_json(memory.usage());
  out["swap"] = memory_entry_json(memory.swap_usage());
  out["kernel"] = memory_entry_json(memory.kernel_usage());
  out["kernelTCP"] = memory_entry_json({});
  Json raw = Json::object();
  for (const auto& [name, value] : memory.stats()) raw[name] = value;
  if (!raw.empty()) out["raw"] = raw;
  return out;
}

Json pids_json(const grpc::PidsStats& pids) {
  Json out = Json::object();
  if (pids.current() != 0) out["current"] = pids.current();
  if (pids.limit() != 0) out["limit"] = pids.limit();
  return out;
}

void put_entries(Json& out, const char* key,
                 const google::protobuf::RepeatedPtrField<grpc::BlkioStatsEntry>& entries) {
  if (entries.empty()) return;
  Json array = Json::array();
  for (const grpc::BlkioStatsEntry& entry : entries) {
    array.push_back({{"major", entry.major()},
                     {"minor", entry.minor()},
                     {"op", entry.op()},
                     {"value", entry.value()}});
  }
  out[key] = std::move(array);
}

Json blkio_json(const grpc::BlkioStats& blkio) {
  Json out = Json::object();
  put_entries(out, "ioServiceBytesRecursive", blkio.io_service_bytes_recursive());
  put_entries(out, "ioServicedRecursive", blkio.io_serviced_recursive());
  put_entries(out, "ioQueueRecursive", blkio.io_queued_recursive());
  put_entries(out, "ioServiceTimeRecursive", blkio.io_service_time_recursive());
  put_entries(out, "ioWaitTimeRecursive", blkio.io_wait_time_recursive());
  put_entries(out, "ioMergedRecursive", blkio.io_merged_recursive());
  put_entries(out, "ioTimeRecursive", blkio.io_time_recursive());
  put_entries(out, "sectorsRecursive", blkio.sectors_recursive());
  return out;
}

Json hugetlb_json(const google::protobuf::Map<std::string, grpc::HugetlbStats>& sizes) {
  Json out = Json::object();
  for (const auto& [size, figures] : sizes) {
    Json& entry = out[size] = Json::object();
    if (figures.usage() != 0) entry["usage"] = figures.usage();
    if (figures.max_usage() != 0) entry["max"] = figures.max_usage();
    entry["failcnt"] = figures.failcnt();
  }
  return out;
}

/// Figures of cgroup v1 that v2 does not have: runc prints these zeros, too.
Json cpuset_json() {
  return {{"cpu_exclusive", 0},   {"mem_hardwall", 0},       {"mem_exclusive", 0},
          {"memory_migrate", 0},  {"memory_spread_page", 0}, {"memory_spread_slab", 0},
          {"memory_pressure", 0}, {"sched_load_balance", 0}, {"sched_relax_domain_level", 0}};
}

/// runc's names here begin with a capital.
Json interface_json(const grpc::NetworkStats& network) {
  return {{"Name", network.name()},
          {"RxBytes", network.rx_bytes()},
          {"RxPackets", network.rx_packets()},
          {"RxErrors", network.rx_errors()},
          {"RxDropped", network.rx_dropped()},
          {"TxBytes", network.tx_bytes()},
          {"TxPackets", network.tx_packets()},
          {"TxErrors", network.tx_errors()},
          {"TxDropped", network.tx_dropped()}};
}

}  // namespace

std::string stats_event_json(const std::string& id, const grpc::StatsContainerResponse& stats) {
  const grpc::CgroupStats& cgroup = stats.cgroup_stats();
  Json interfaces = Json::array();
  for (const grpc::NetworkStats& network : stats.network_stats()) {
    interfaces.push_back(interface_json(network));
  }
  const Json data = {{"cpu", cpu_json(cgroup.cpu_stats())},
                     {"cpuset", cpuset_json()},
                     {"memory", memory_json(cgroup.memory_stats())},
                     {"pids", pids_json(cgroup.pids_stats())},
                     {"blkio", blkio_json(cgroup.blkio_stats())},
                     {"hugetlb", hugetlb_json(cgroup.hugetlb_stats())},
                     {"intel_rdt", Json::object()},
                     {"network_interfaces", interfaces.empty() ? Json(nullptr) : interfaces}};
  const Json event = {{"type", "stats"}, {"id", id}, {"data", data}};
  return event.dump();
}

std::string event_json(const std::string& type, const std::string& id) {
  const Json event = {{"type", type}, {"id", id}};
  return event.dump();
}

}  // namespace kata::cli
