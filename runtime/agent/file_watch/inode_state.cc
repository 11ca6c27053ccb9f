// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/file_watch/inode_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys_file.h"

namespace kata::agent {
namespace {

constexpr unsigned kWanted =
    STATX_TYPE | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME | STATX_NLINK;

std::int64_t nanoseconds(const statx_timestamp& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileFigures figures_of(const struct statx& status) {
  return {.inode = status.stx_ino,
          .size = status.stx_size,
          .modified = nanoseconds(status.stx_mtime),
          .changed = nanoseconds(status.stx_ctime),
          .is_directory = S_ISDIR(status.stx_mode)};
}

void read_entries(int fd, std::map<std::string, FileFigures>& entries) {
  UniqueFd opened = sys::open_at(fd, ".", O_RDONLY | O_DIRECTORY);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(opened.get()), ::closedir);
  if (!folder) throw_errno(errno, "list a watched folder");
  (void)opened.release();
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    // listing has just asked the server for these
    struct statx status {};
    if (::statx(::dirfd(folder.get()), entry->d_name, AT_SYMLINK_NOFOLLOW, kWanted, &status) != 0)
      continue;  // gone meanwhile
    entries.emplace(name, figures_of(status));
    if (entries.size() <= kMostWatchedEntries) continue;
    entries.clear();
    return;
  }
}

std::uint32_t of_entry(const FileFigures& figures, std::uint32_t mask) {
  return figures.is_directory ? mask | IN_ISDIR : mask;
}

/// What has happened to a file that is still the same one; 0: nothing.
std::uint32_t change_of(const FileFigures& before, const FileFigures& after) {
  const bool is_written = before.modified != after.modified || before.size != after.size;
  // a folder's own time changes with its entries, which are told of by name
  if (is_written && !after.is_directory) return IN_MODIFY | IN_CLOSE_WRITE;
  return !is_written && before.changed != after.changed ? of_entry(after, IN_ATTRIB) : 0U;
}

void add_change(std::vector<InodeChange>& changes, std::uint32_t mask, const std::string& name) {
  // each is an event of its own, in the order in which a program would cause them
  constexpr std::uint32_t kEvents[] = {IN_CREATE, IN_MOVED_TO, IN_MODIFY,     IN_CLOSE_WRITE,
                                       IN_ATTRIB, IN_DELETE,   IN_DELETE_SELF};
  for (const std::uint32_t one : kEvents) {
    if ((mask & one) != 0) changes.push_back({one | (mask & IN_ISDIR), name});
  }
}

}  // namespace

InodeState read_inode_state(int fd) {
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, kWanted, &status) != 0) {
    if (errno == ESTALE || errno == ENOENT) return {.self = {}, .is_gone = true, .entries = {}};
    throw_errno(errno, "look at a watched file");
  }
  InodeState state{.self = figures_of(status), .is_gone = status.stx_nlink == 0, .entries = {}};
  if (state.self.is_directory && !state.is_gone) read_entries(fd, state.entries);
  return state;
}

std::vector<InodeChange> changes_between(const InodeState& before, const InodeState& after) {
  std::vector<InodeChange> changes;
  if (before.is_gone) return changes;
  for (const auto& [name, figures] : before.entries) {
    if (!after.entries.contains(name)) add_change(changes, of_entry(figures, IN_DELETE), name);
  }
  for (const auto& [name, figures] : after.entries) {
    const auto it = before.entries.find(name);
    if (it == before.entries.end()) {
      add_change(changes,
                 of_entry(figures, figures.is_directory ? IN_CREATE : IN_CREATE | IN_CLOSE_WRITE),
                 name);
    } else if (it->second.inode != figures.inode) {
      add_change(changes, of_entry(figures, IN_MOVED_TO), name);
    } else {
      add_change(changes, change_of(it->second, figures), name);
    }
  }
  if (after.is_gone) {
    add_change(changes, IN_ATTRIB | IN_DELETE_SELF, "");
  } else {
    add_change(changes, change_of(before.self, after.self), "");
  }
  return changes;
}

}  // namespace kata::agent
