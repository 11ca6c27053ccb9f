// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/process_identity.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_process.h"

namespace kata::cli {
namespace {

struct Stat {
  char state = '?';
  std::uint64_t start_time = 0;
};

/// The command name, field 2, may hold spaces and brackets; the fields are counted from the last
/// bracket.
std::optional<Stat> read_stat(pid_t pid) {
  std::optional<std::string> text;
  // ESRCH when the process ends between open and read.
  ignore_error([&] { text = read_file_if_exists(fmt::format("/proc/{}/stat", pid)); },
               "it may end now");
  if (!text) return std::nullopt;
  const std::size_t bracket = text->rfind(')');
  if (bracket == std::string::npos || bracket + 2 >= text->size()) return std::nullopt;
  std::string_view rest = std::string_view(*text).substr(bracket + 2);
  Stat stat{.state = rest.front(), .start_time = 0};
  for (int field = 3; field < 22; ++field) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  std::from_chars(rest.data(), rest.data() + rest.size(), stat.start_time);
  return stat;
}

}  // namespace

ProcessIdentity identify(pid_t pid) {
  const std::optional<Stat> stat = read_stat(pid);
  return stat ? ProcessIdentity{pid, stat->start_time} : ProcessIdentity{};
}

bool is_alive(const ProcessIdentity& process) {
  if (process.pid <= 0) return false;
  const std::optional<Stat> stat = read_stat(process.pid);
  return stat && stat->start_time == process.start_time && stat->state != 'Z' && stat->state != 'X';
}

bool wait_for_end(const ProcessIdentity& process, std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  if (process.pid <= 0) return true;
  UniqueFd pidfd;
  ignore_error([&] { pidfd = sys::pidfd_open(process.pid); }, "it may have ended");
  // Only now is it certain that the descriptor is of the process that is meant.
  if (!pidfd || !is_alive(process)) return true;
  const Clock::time_point end = Clock::now() + limit;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd poll_fd{pidfd.get(), POLLIN, 0};
    if (::poll(&poll_fd, 1, static_cast<int>(std::max<long long>(left, 0))) > 0) return true;
    if (left <= 0) return false;
  }
}

void end_process(const ProcessIdentity& process, std::chrono::milliseconds grace) noexcept {
  ignore_error(
      [&] {
        if (process.pid <= 0) return;
        const UniqueFd pidfd = sys::pidfd_open(process.pid);
        if (!is_alive(process)) return;
        if (grace.count() > 0) {
          sys::pidfd_send_signal(pidfd.get(), SIGTERM);
          if (wait_for_end(process, grace)) return;
        }
        sys::pidfd_send_signal(pidfd.get(), SIGKILL);
        wait_for_end(process, std::chrono::seconds(2));
      },
      "the process may have ended already");
}

}  // namespace kata::cli
