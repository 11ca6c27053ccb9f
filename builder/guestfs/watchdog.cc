// SPDX-License-Identifier: Apache-2.0
#include "builder/guestfs/watchdog.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <sstream>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/io.h"

namespace kata::guestfs {
namespace {

/// Ends the QEMUs that the thread has started; libguestfs' own helpers end with them.
void end_machines(pid_t thread) {
  const std::string children =
      read_file_if_exists(fmt::format("/proc/self/task/{}/children", thread)).value_or("");
  std::istringstream list(children);
  for (pid_t child = 0; list >> child;) {
    const std::string name = read_file_if_exists(fmt::format("/proc/{}/comm", child)).value_or("");
    if (name.starts_with("qemu")) ::kill(child, SIGKILL);
  }
}

}  // namespace

Watchdog::Watchdog(std::chrono::seconds limit)
    : thread_([this, limit, watched = ::gettid()](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        const auto end = std::chrono::steady_clock::now() + limit;
        while (!stop.stop_requested()) {
          std::unique_lock lock(mutex);
          wake.wait_for(lock, stop, std::chrono::milliseconds(200), [] { return false; });
          if (stop.stop_requested()) return;
          const bool is_late = std::chrono::steady_clock::now() > end;
          if (is_late) expired_ = true;
          if (is_late || pipeline::interrupted_by() != 0) end_machines(watched);
        }
      }) {}

}  // namespace kata::guestfs
