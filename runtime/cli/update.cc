// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/update.h"

#include <unistd.h>

#include <charconv>
#include <limits>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/cli/status.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

std::uint64_t not_negative(std::int64_t value, std::string_view option) {
  if (value < 0) throw_error(Code::invalid_argument, "{}: {} is negative", option, value);
  return static_cast<std::uint64_t>(value);
}

void set_memory(const UpdateOptions& options, grpc::LinuxResources& out) {
  const auto set = [&](const std::string& text, std::string_view name, auto setter) {
    if (!text.empty()) (out.mutable_memory()->*setter)(bytes_from_text(text, name));
  };
  using Memory = grpc::LinuxMemory;
  set(options.memory, "--memory", &Memory::set_limit);
  set(options.memory_reservation, "--memory-reservation", &Memory::set_reservation);
  set(options.memory_swap, "--memory-swap", &Memory::set_swap);
  set(options.kernel_memory, "--kernel-memory", &Memory::set_kernel);
  set(options.kernel_memory_tcp, "--kernel-memory-tcp", &Memory::set_kernel_tcp);
}

void set_cpu(const UpdateOptions& options, grpc::LinuxResources& out) {
  const auto cpu = [&] { return out.mutable_cpu(); };
  if (options.cpu_period) cpu()->set_period(not_negative(*options.cpu_period, "--cpu-period"));
  if (options.cpu_quota) cpu()->set_quota(*options.cpu_quota);
  if (options.cpu_share) cpu()->set_shares(not_negative(*options.cpu_share, "--cpu-share"));
  if (options.cpu_rt_period) {
    cpu()->set_realtime_period(not_negative(*options.cpu_rt_period, "--cpu-rt-period"));
  }
  if (options.cpu_rt_runtime) cpu()->set_realtime_runtime(*options.cpu_rt_runtime);
  if (options.cpu_idle) cpu()->set_idle(*options.cpu_idle);
  if (!options.cpuset_cpus.empty()) cpu()->set_cpus(options.cpuset_cpus);
  if (!options.cpuset_mems.empty()) cpu()->set_mems(options.cpuset_mems);
}

}  // namespace

void add_update(CommandLine& line) {
  const auto o = std::make_shared<UpdateOptions>();
  Verb verb = line.verb("update", "Change the limits of a container");
  verb.value("-r,--resources", o->resources, "File of an OCI resources object; - is standard input")
      .value("--memory", o->memory, "Memory limit in bytes; units k, m, g")
      .value("--memory-reservation", o->memory_reservation, "Soft memory limit")
      .value("--memory-swap", o->memory_swap, "Memory and swap together; -1: no limit")
      .value("--kernel-memory", o->kernel_memory, "Accepted; cgroup v2 has no such limit")
      .value("--kernel-memory-tcp", o->kernel_memory_tcp, "Accepted; cgroup v2 has no such limit")
      .number("--cpu-period", o->cpu_period, "CFS period in microseconds")
      .number("--cpu-quota", o->cpu_quota, "CFS quota in microseconds; -1: no limit")
      .number("--cpu-share", o->cpu_share, "CPU shares")
      .number("--cpu-rt-period", o->cpu_rt_period, "Realtime period in microseconds")
      .number("--cpu-rt-runtime", o->cpu_rt_runtime, "Realtime runtime in microseconds")
      .number("--cpu-idle", o->cpu_idle, "1: only when nothing else wants to run")
      .value("--cpuset-cpus", o->cpuset_cpus, "CPUs to run on")
      .value("--cpuset-mems", o->cpuset_mems, "Memory nodes to use")
      .number("--pids-limit", o->pids_limit, "Number of processes; -1: no limit")
      .number("--blkio-weight", o->blkio_weight, "Block I/O weight, 10-1000")
      .value("--l3-cache-schema", o->l3_cache_schema, "Refused: caches are the host's")
      .value("--mem-bw-schema", o->mem_bw_schema, "Refused: memory bandwidth is the host's")
      .id(o->id);
  verb.run([o](Runtime& runtime) { return run_update(*o, runtime); });
}

std::int64_t bytes_from_text(const std::string& text, std::string_view option) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, err] = std::from_chars(text.data(), end, number);
  double fraction = 0;
  if (err == std::errc() && number >= 0 && rest != end && *rest == '.') {
    const auto [behind, failure] = std::from_chars(rest, end, fraction);
    rest = behind;
    err = failure;
  }
  std::string unit(rest, end);
  for (char& c : unit) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (unit.ends_with("ib")) unit.resize(unit.size() - 2);
  if (unit.size() > 1 && unit.ends_with('b')) unit.pop_back();
  const std::size_t power = unit.empty() || unit == "b" ? 0 : std::string("bkmgtp").find(unit);
  if (err != std::errc() || unit.size() > 1 || power == std::string::npos ||
      number > std::numeric_limits<std::int64_t>::max() >> (10 * power) || number < -1) {
    throw_error(Code::invalid_argument, "{}: \"{}\" is not a size such as 512M", option, text);
  }
  if (number < 0) return -1;
  const std::int64_t scale = std::int64_t{1} << (10 * power);
  return number * scale + static_cast<std::int64_t>(fraction * static_cast<double>(scale));
}

grpc::LinuxResources resources_from_options(const UpdateOptions& options) {
  grpc::LinuxResources resources;
  set_memory(options, resources);
  set_cpu(options, resources);
  if (options.pids_limit) resources.mutable_pids()->set_limit(*options.pids_limit);
  for (const std::string* schema : {&options.l3_cache_schema, &options.mem_bw_schema}) {
    if (schema->empty()) continue;
    throw_error(Code::invalid_argument,
                "{}: caches and memory bandwidth of the host cannot be divided within a virtual "
                "machine",
                *schema);
  }
  if (options.blkio_weight.value_or(0) != 0) {  // as runc: 0 is its default
    if (*options.blkio_weight < 10 || *options.blkio_weight > 1000) {
      throw_error(Code::invalid_argument, "--blkio-weight: {} is not between 10 and 1000",
                  *options.blkio_weight);
    }
    resources.mutable_block_io()->set_weight(static_cast<std::uint32_t>(*options.blkio_weight));
  }
  return resources;
}

int run_update(const UpdateOptions& options, Runtime& runtime) {
  const ContainerRecord record = runtime.store.get(options.id);
  grpc::LinuxResources resources;
  if (options.resources.empty()) {
    resources = resources_from_options(options);
  } else if (options.resources == "-") {
    resources = oci::parse_resources(read_all(STDIN_FILENO), "standard input");
  } else {
    resources = oci::parse_resources(read_file(options.resources), options.resources);
  }
  connect_running(record).update(record.id, oci::resources_json(resources));
  return 0;
}

}  // namespace kata::cli
