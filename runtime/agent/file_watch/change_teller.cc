// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/file_watch/change_teller.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/agent/file_watch/inode_state.h"
#include "runtime/agent/file_watch/inotify_marks.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_process.h"
#include "runtime/base/sys_watch.h"

namespace kata::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPeriod{1};
/// At most this share of a processor goes into looking: a pass is followed by so many times its
/// length.
constexpr int kRest = 20;
/// As soon as nothing has been watched for so many passes, the process ends.
constexpr int kIdlePasses = 10;
/// Of all watched folders; some 100 bytes each, of memory that no container's limit counts.
constexpr std::size_t kMostEntries = 200000;
constexpr std::uint32_t kWhatGuestsDo = IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_MOVED_FROM |
                                        IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF;

/// A descriptor of the file system that the mark is on. The path leads through a container's root,
/// so it may lead anywhere by now: nothing is opened before it was looked at.
std::optional<UniqueFd> open_place(const InodeMark& mark, const std::string& path) {
  const UniqueFd found = open_file(path, O_PATH | O_NOFOLLOW);
  const struct stat status = sys::stat_of(found.get());
  const std::uint64_t device =
      std::uint64_t{major(status.st_dev)} << 20U | std::uint64_t{minor(status.st_dev)};
  if (device != mark.device || !(S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)))
    return std::nullopt;
  return open_file(sys::fd_path(found.get()), O_RDONLY | O_NONBLOCK);
}

struct WatchedInode {
  UniqueFd fd;        // O_PATH
  int own_watch = 0;  // for what programs of the guest do, who are told by the kernel
  InodeState state;
};

class ChangeTeller {
 public:
  /// Looks at what is watched, tells what has changed since the last time, and takes up what is
  /// new. How many files are watched.
  std::size_t pass() {
    follow_marks();
    std::map<const InodeMark*, InodeState> now;
    for (const auto& [mark, inode] : watched_)
      ignore_error([&, &key = mark, &one = inode] { now[&key] = read_inode_state(one.fd.get()); },
                   "the server may be gone");
    // after the files were looked at: whatever a program here did to them is in it
    std::set<std::pair<int, std::string>> own = take_events();
    // folders first: a file's own watchers hear what is told of the folder's entry
    std::set<std::pair<std::uint64_t, std::uint64_t>> told;
    for (const bool folders : {true, false}) {
      for (auto& [mark, state] : now) {
        if (state.self.is_directory == folders)
          tell(watched_.at(*mark), mark->device, std::move(state), own, told);
      }
    }
    take_events();  // what was told just now
    std::erase_if(watched_, [&](const auto& item) {
      if (item.second.state.is_gone) sys::remove_watch(inotify_.get(), item.second.own_watch);
      return item.second.state.is_gone;
    });
    return watched_.size();
  }

 private:
  void follow_marks() {
    const std::map<InodeMark, std::string> marks = marks_of_processes({::getpid(), ::getppid()});
    std::erase_if(watched_, [&](const auto& item) {
      if (marks.contains(item.first)) return false;
      sys::remove_watch(inotify_.get(), item.second.own_watch);
      return true;
    });
    std::size_t used = 0;
    for (const auto& [mark, inode] : watched_) used += 1 + inode.state.entries.size();
    std::size_t room = kMostEntries - std::min(used, kMostEntries);
    for (const auto& [mark, path] : marks) {
      if (watched_.contains(mark)) continue;
      ignore_error([&, &key = mark, &place = path] { take_up(key, place, room); },
                   "it may be gone already");
    }
  }

  /// `room`: for how many files and entries there is memory.
  void take_up(const InodeMark& mark, const std::string& path, std::size_t& room) {
    const std::optional<UniqueFd> place = open_place(mark, path);
    if (!place) return;
    std::optional<UniqueFd> fd =
        sys::open_handle(place->get(), mark.handle_type, mark.handle, O_PATH);
    if (!fd) return;
    WatchedInode inode{.fd = std::move(*fd), .own_watch = 0, .state = {}};
    inode.own_watch = sys::add_watch(inotify_.get(), sys::fd_path(inode.fd.get()), kWhatGuestsDo);
    inode.state = read_inode_state(inode.fd.get());
    const std::size_t more = 1 + inode.state.entries.size();
    if (more > room) {
      sys::remove_watch(inotify_.get(), inode.own_watch);
      if (!std::exchange(is_full_, true))
        log::warn("not all that is watched is looked at entries={}", kMostEntries);
      return;
    }
    room -= more;
    watched_.emplace(mark, std::move(inode));
  }

  std::set<std::pair<int, std::string>> take_events() const {
    std::set<std::pair<int, std::string>> events;
    sys::read_watch_events(inotify_.get(), [&](int watch, std::uint32_t, std::string_view name) {
      events.emplace(watch, name);
    });
    return events;
  }

  /// `told`: device and inode of files whose watchers have heard of a folder's entry.
  static void tell(WatchedInode& inode, std::uint64_t device, InodeState&& state,
                   const std::set<std::pair<int, std::string>>& own,
                   std::set<std::pair<std::uint64_t, std::uint64_t>>& told) {
    const std::vector<InodeChange> changes = changes_between(inode.state, state);
    inode.state = std::move(state);
    if (changes.empty()) return;
    const bool is_told = !inode.state.is_gone && told.contains({device, inode.state.self.inode});
    ignore_error(
        [&] {
          const UniqueFd fd = open_file(sys::fd_path(inode.fd.get()), O_RDONLY | O_NONBLOCK);
          for (const InodeChange& change : changes) {
            if (own.contains({inode.own_watch, change.name}) || (is_told && change.name.empty()))
              continue;
            sys::announce_change(fd.get(), change.mask, change.name);
            if ((change.mask & (IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE)) != 0 &&
                !change.name.empty())
              told.emplace(device, inode.state.entries.at(change.name).inode);
          }
        },
        "a file that cannot be opened is not told of");
  }

  UniqueFd inotify_ = sys::make_inotify();
  std::map<InodeMark, WatchedInode> watched_;
  bool is_full_ = false;
};

/// A descriptor of the host's files, in the agent's own mounts; nothing: none are shared.
std::optional<UniqueFd> open_shared() {
  const std::vector<SharedMount> mounts = shared_mounts(read_file("/proc/self/mountinfo"));
  if (mounts.empty()) return std::nullopt;
  // Later ones may be a volume's own file system, which is not to be held.
  return open_file(mounts.front().path, O_RDONLY | O_DIRECTORY);
}

asio::awaitable<void> rest(Clock::duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

int tell_changes_main() {
  log::to_kmsg(log::Level::warn, "kata-agent");
  const rlimit limit{.rlim_cur = kMostEntries, .rlim_max = kMostEntries};
  ::setrlimit(RLIMIT_NOFILE, &limit);  // one for each that is watched; else fewer are
  ChangeTeller teller;
  for (int idle = 0; idle < kIdlePasses;) {
    const Clock::time_point began = Clock::now();
    idle = teller.pass() == 0 ? idle + 1 : 0;
    std::this_thread::sleep_for(std::max<Clock::duration>(kPeriod, kRest * (Clock::now() - began)));
  }
  return 0;
}

asio::awaitable<void> look_for_watchers(std::function<bool()> wanted) {
  const auto executor = co_await asio::this_coro::executor;
  const std::optional<UniqueFd> shared = open_shared();
  if (!shared) co_return;
  for (;;) {
    co_await rest(kPeriod);
    if (!wanted()) co_return;
    const std::optional<int> count = sys::watched_files(shared->get());
    if (!count) {
      log::info("programs that watch the host's files are not told of changes: this kernel cannot");
      co_return;
    }
    if (*count == 0) continue;
    ChildProcess child = spawn({.argv = {"/proc/self/exe", kTellChanges}, .die_with_parent = true});
    asio::posix::stream_descriptor end(executor, sys::pidfd_open(child.pid()).release());
    co_await end.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    ignore_error([&] { (void)child.try_wait(); }, "PID 1 reaps all children by itself");
    (void)child.detach();
  }
}

}  // namespace kata::agent
