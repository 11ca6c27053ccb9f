// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/scheduling.h"

#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/scheduling_names.h"
#include "runtime/base/sys_scheduling.h"

namespace kata::agent {
namespace {

template <typename Table>
std::uint32_t known(const Table& table, std::string_view name, std::string_view field) {
  if (const auto number = number_of(table, name)) return *number;
  throw_error(Code::invalid_argument, "{}: unknown name \"{}\"", field, name);
}

}  // namespace

void apply_scheduling(const grpc::Process& process) {
  if (process.has_scheduler()) {
    const grpc::LinuxScheduler& wanted = process.scheduler();
    sys::SchedulerAttributes attributes;
    attributes.policy = known(kSchedulerPolicies, wanted.policy(), "process.scheduler.policy");
    for (const std::string& flag : wanted.flags())
      attributes.flags |= known(kSchedulerFlags, flag, "process.scheduler.flags");
    attributes.nice = wanted.nice();
    attributes.priority = wanted.priority();
    attributes.runtime = wanted.runtime();
    attributes.deadline = wanted.deadline();
    attributes.period = wanted.period();
    sys::set_scheduler(attributes);
  }
  if (process.has_io_priority()) {
    sys::set_io_priority(
        known(kIoPriorityClasses, process.io_priority().class_(), "process.ioPriority.class"),
        process.io_priority().priority());
  }
}

void set_time_offsets(const grpc::Linux& linux_part) {
  for (const auto& [clock, offset] : linux_part.time_offsets()) {
    write_kernel_file("/proc/self/timens_offsets",
                      fmt::format("{} {} {}", clock, offset.secs(), offset.nanosecs()));
  }
}

}  // namespace kata::agent
