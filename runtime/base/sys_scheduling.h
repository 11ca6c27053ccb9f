// SPDX-License-Identifier: Apache-2.0
//
// System calls that say when the calling thread gets the processor and the disks.
#pragma once

#include <cstdint>

namespace kata::sys {

/// What sched_setattr(2) takes.
struct SchedulerAttributes {
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

/// sched_setattr(2) of the calling thread. Throws Error.
void set_scheduler(const SchedulerAttributes& attributes);
/// ioprio_set(2) of the calling process: a class 1-3, a priority 0-7 in it. Throws Error.
void set_io_priority(std::uint32_t priority_class, std::uint32_t priority);

}  // namespace kata::sys
