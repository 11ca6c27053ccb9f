// SPDX-License-Identifier: Apache-2.0
//
// Watching files: inotify(7), file handles, and the ioctl by which our kernel tells watchers of
// what it has not seen itself.
#pragma once

#include <sys/inotify.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::sys {

/// inotify_init1(2), not blocking. Throws Error.
[[nodiscard]] UniqueFd make_inotify();
/// inotify_add_watch(2): the watch's number. Throws Error.
int add_watch(int inotify, const std::string& path, std::uint32_t mask);
/// inotify_rm_watch(2); the watch may be gone.
void remove_watch(int inotify, int watch) noexcept;
/// What has come in: watch, mask, and the entry's name or "". Throws Error.
void read_watch_events(int inotify,
                       const std::function<void(int, std::uint32_t, std::string_view)>& on_event);

/// open_by_handle_at(2), `mount` being any descriptor of the file system. Nothing for a file that
/// is gone, or that the kernel has no name for any more. Throws Error.
[[nodiscard]] std::optional<UniqueFd> open_handle(int mount, int type, std::string_view handle,
                                                  int flags);
/// How many files of the file system's server are watched by programs of this kernel, `fd` being
/// any of them; see kernel/patches/fuse-tell-watchers.patch. Nothing when the kernel or the file
/// system cannot tell. Throws Error.
[[nodiscard]] std::optional<int> watched_files(int fd);
/// Tells who watches the file, or the folder's entry `name`, that `mask` (inotify(7)) has happened
/// to it on the file system's other side; see the same patch. Throws Error.
void announce_change(int fd, std::uint32_t mask, const std::string& name);

}  // namespace kata::sys
