// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/cgroup_stats.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <sstream>

#include "agent.pb.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::agent {
namespace {

std::string text_of(const std::string& folder, const std::string& file) {
  return read_file_if_exists(join_path(folder, file)).value_or("");
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;  // "max" stays 0
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t number_in(const std::string& folder, const std::string& file) {
  return number(text_of(folder, file));
}

/// "max", and memory that is not limited because there is no such file, is the largest number, as
/// engines expect of cgroup v2.
std::uint64_t memory_limit_in(const std::string& folder, const std::string& file) {
  const std::string text = text_of(folder, file);
  return text.empty() || text.starts_with("max") ? std::numeric_limits<std::uint64_t>::max()
                                                 : number(text);
}

template <typename OnEntry>
void for_each_key(const std::string& text, OnEntry&& on_entry) {
  std::istringstream lines(text);
  std::string key;
  std::uint64_t value = 0;
  while (lines >> key >> value) on_entry(key, value);
}

void read_cpu(const std::string& folder, grpc::CpuStats& stats) {
  constexpr std::uint64_t kNanoseconds = 1000;  // cpu.stat counts microseconds
  for_each_key(text_of(folder, "cpu.stat"), [&](const std::string& key, std::uint64_t value) {
    if (key == "usage_usec") stats.mutable_cpu_usage()->set_total_usage(value * kNanoseconds);
    if (key == "user_usec") stats.mutable_cpu_usage()->set_usage_in_usermode(value * kNanoseconds);
    if (key == "system_usec")
      stats.mutable_cpu_usage()->set_usage_in_kernelmode(value * kNanoseconds);
    if (key == "nr_periods") stats.mutable_throttling_data()->set_periods(value);
    if (key == "nr_throttled") stats.mutable_throttling_data()->set_throttled_periods(value);
    if (key == "throttled_usec")
      stats.mutable_throttling_data()->set_throttled_time(value * kNanoseconds);
  });
}

void read_memory(const std::string& folder, grpc::MemoryStats& stats) {
  for_each_key(text_of(folder, "memory.stat"), [&](const std::string& key, std::uint64_t value) {
    (*stats.mutable_stats())[key] = value;
    if (key == "file") stats.set_cache(value);
    if (key == "kernel") stats.mutable_kernel_usage()->set_usage(value);
  });
  grpc::MemoryData& usage = *stats.mutable_usage();
  usage.set_usage(number_in(folder, "memory.current"));
  usage.set_max_usage(number_in(folder, "memory.peak"));
  usage.set_limit(memory_limit_in(folder, "memory.max"));
  usage.set_failcnt(flat_keyed_value(text_of(folder, "memory.events"), "max"));
  // v1 counts memory and swap together.
  const std::uint64_t swap_limit = memory_limit_in(folder, "memory.swap.max");
  const bool is_limited =
      std::max(swap_limit, usage.limit()) < std::numeric_limits<std::uint64_t>::max();
  grpc::MemoryData& swap = *stats.mutable_swap_usage();
  swap.set_usage(usage.usage() + number_in(folder, "memory.swap.current"));
  swap.set_limit(is_limited ? usage.limit() + swap_limit
                            : std::numeric_limits<std::uint64_t>::max());
  stats.set_use_hierarchy(true);
}

void add_entry(google::protobuf::RepeatedPtrField<grpc::BlkioStatsEntry>& list, std::uint64_t major,
               std::uint64_t minor, const char* operation, std::uint64_t value) {
  grpc::BlkioStatsEntry& entry = *list.Add();
  entry.set_major(major);
  entry.set_minor(minor);
  entry.set_op(operation);
  entry.set_value(value);
}

/// Lines of io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0".
void read_io(const std::string& folder, grpc::BlkioStats& stats) {
  std::istringstream lines(text_of(folder, "io.stat"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    char colon = 0;
    if (!(fields >> major >> colon >> minor)) continue;
    for (std::string field; fields >> field;) {
      const std::size_t equals = field.find('=');
      if (equals == std::string::npos) continue;
      const std::string key = field.substr(0, equals);
      const std::uint64_t value = number(std::string_view(field).substr(equals + 1));
      auto& bytes = *stats.mutable_io_service_bytes_recursive();
      auto& operations = *stats.mutable_io_serviced_recursive();
      if (key == "rbytes") add_entry(bytes, major, minor, "Read", value);
      if (key == "wbytes") add_entry(bytes, major, minor, "Write", value);
      if (key == "rios") add_entry(operations, major, minor, "Read", value);
      if (key == "wios") add_entry(operations, major, minor, "Write", value);
    }
  }
}

void read_hugetlb(const std::string& folder, grpc::CgroupStats& stats) {
  constexpr std::string_view kStart = "hugetlb.";
  constexpr std::string_view kEnd = ".current";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kStart) || !name.ends_with(kEnd) ||
        name.find(".rsvd.") != std::string::npos)
      continue;
    const std::string size = name.substr(kStart.size(), name.size() - kStart.size() - kEnd.size());
    grpc::HugetlbStats& figures = (*stats.mutable_hugetlb_stats())[size];
    figures.set_usage(number_in(folder, name));
    figures.set_failcnt(
        flat_keyed_value(text_of(folder, fmt::format("hugetlb.{}.events", size)), "max"));
  }
}

}  // namespace

std::uint64_t flat_keyed_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return number(line.substr(key.size() + 1));
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return 0;
}

grpc::CgroupStats read_cgroup_stats(const std::string& folder) {
  grpc::CgroupStats stats;
  read_cpu(folder, *stats.mutable_cpu_stats());
  read_memory(folder, *stats.mutable_memory_stats());
  stats.mutable_pids_stats()->set_current(number_in(folder, "pids.current"));
  stats.mutable_pids_stats()->set_limit(number_in(folder, "pids.max"));
  read_io(folder, *stats.mutable_blkio_stats());
  read_hugetlb(folder, stats);
  return stats;
}

}  // namespace kata::agent
