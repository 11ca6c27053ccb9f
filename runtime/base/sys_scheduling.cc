// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_scheduling.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"

namespace kata::sys {

void set_scheduler(const SchedulerAttributes& attributes) {
  struct {  // struct sched_attr of linux/sched/types.h, which newer C libraries have too
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } const request{48,
                  attributes.policy,
                  attributes.flags,
                  attributes.nice,
                  attributes.priority,
                  attributes.runtime,
                  attributes.deadline,
                  attributes.period};
  static_assert(sizeof request == 48);  // SCHED_ATTR_SIZE_VER0
  if (::syscall(SYS_sched_setattr, 0, &request, 0U) != 0)
    throw_errno(errno, "set scheduling policy {} with priority {}", attributes.policy,
                attributes.priority);
}

void set_io_priority(std::uint32_t priority_class, std::uint32_t priority) {
  constexpr int kWhoProcess = 1;             // IOPRIO_WHO_PROCESS
  constexpr std::uint32_t kClassShift = 13;  // IOPRIO_CLASS_SHIFT
  if (::syscall(SYS_ioprio_set, kWhoProcess, 0, (priority_class << kClassShift) | priority) != 0)
    throw_errno(errno, "set I/O priority class {}, {}", priority_class, priority);
}

}  // namespace kata::sys
