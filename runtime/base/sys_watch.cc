// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_watch.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"

namespace kata::sys {
namespace {

/// The ioctl's argument; the patch declares the same.
struct Changed {
  std::uint32_t mask;
  char name[NAME_MAX + 1];
};
constexpr unsigned kFuseMagic = 229;  // FUSE_DEV_IOC_MAGIC of linux/fuse.h
constexpr unsigned long kChanged = _IOW(kFuseMagic, 96, Changed);
constexpr unsigned long kWatched = _IO(kFuseMagic, 97);

}  // namespace

UniqueFd make_inotify() {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) throw_errno(errno, "create an inotify instance");
  return fd;
}

int add_watch(int inotify, const std::string& path, std::uint32_t mask) {
  const int watch = ::inotify_add_watch(inotify, path.c_str(), mask);
  if (watch < 0) throw_errno(errno, "watch {}", path);
  return watch;
}

void remove_watch(int inotify, int watch) noexcept { ::inotify_rm_watch(inotify, watch); }

void read_watch_events(int inotify,
                       const std::function<void(int, std::uint32_t, std::string_view)>& on_event) {
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count = ::read(inotify, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) throw_errno(errno, "read inotify events");
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(count);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      on_event(event.wd, event.mask, std::string_view(name, ::strnlen(name, event.len)));
      at += sizeof event + event.len;
    }
  }
}

std::optional<UniqueFd> open_handle(int mount, int type, std::string_view handle, int flags) {
  struct {
    file_handle head;
    char bytes[MAX_HANDLE_SZ];
  } argument{};
  if (handle.size() > sizeof argument.bytes)
    throw_error(Code::invalid_argument, "open a file handle of {} bytes", handle.size());
  argument.head.handle_bytes = static_cast<unsigned>(handle.size());
  argument.head.handle_type = type;
  std::memcpy(argument.head.f_handle, handle.data(), handle.size());
  UniqueFd fd(::open_by_handle_at(mount, &argument.head, flags | O_CLOEXEC));
  if (fd) return fd;
  if (errno == ESTALE || errno == ENOENT) return std::nullopt;
  throw_errno(errno, "open a file by its handle");
}

std::optional<int> watched_files(int fd) {
  const int count = ::ioctl(fd, kWatched);
  if (count >= 0) return count;
  if (errno == ENOTTY || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP)
    return std::nullopt;
  throw_errno(errno, "count watched files");
}

void announce_change(int fd, std::uint32_t mask, const std::string& name) {
  Changed change{};
  if (name.size() >= sizeof change.name)
    throw_error(Code::invalid_argument, "announce a change of an entry of {} bytes", name.size());
  change.mask = mask;
  std::memcpy(change.name, name.data(), name.size());
  if (::ioctl(fd, kChanged, &change) != 0)
    throw_errno(errno, "announce a change of {}", name.empty() ? "a file" : name);
}

}  // namespace kata::sys
