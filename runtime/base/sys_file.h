// SPDX-License-Identifier: Apache-2.0
//
// File system calls relative to a descriptor, see openat(2): thin, typed, throwing with the
// arguments in the message.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::sys {

/// openat(2) with O_CLOEXEC. Throws Error.
[[nodiscard]] UniqueFd open_at(int directory, const std::string& path, int flags,
                               unsigned mode = 0);
/// mkdirat(2); false when something of that name exists. Throws Error.
bool make_directory_at(int directory, const std::string& name, unsigned mode);
/// Creates an empty file; false when something of that name exists. Throws Error.
bool make_file_at(int directory, const std::string& name, unsigned mode);
/// mknodat(2) with exactly this mode whatever the umask; false when something of that name exists.
/// Throws Error.
bool make_node_at(int directory, const std::string& name, unsigned mode, dev_t device);
/// symlinkat(2); false when something of that name exists. Throws Error.
bool make_symlink_at(const std::string& target, int directory, const std::string& name);
/// unlinkat(2); false when it does not exist. Throws Error.
bool remove_at(int directory, const std::string& name);
/// readlinkat(2); nothing when it is no symbolic link. Throws Error.
[[nodiscard]] std::optional<std::string> read_link_at(int directory, const std::string& name);
/// fstat(2); works for O_PATH descriptors. Throws Error.
[[nodiscard]] struct stat stat_of(int fd);
/// fchownat(2) that does not follow symbolic links. Throws Error.
void change_owner_at(int directory, const std::string& name, uid_t uid, gid_t gid);
/// fchown(2). Throws Error.
void change_owner(int fd, uid_t uid, gid_t gid);
/// The path that names a descriptor: "/proc/self/fd/N".
[[nodiscard]] std::string fd_path(int fd);
/// A sealed file in memory that holds `contents`, at its beginning; see memfd_create(2). Throws
/// Error.
[[nodiscard]] UniqueFd make_memory_file(const std::string& name, std::string_view contents);
/// A file in memory of `size` zero bytes that takes none before they are written. Throws Error.
[[nodiscard]] UniqueFd make_empty_memory_file(const std::string& name, std::uint64_t size);

}  // namespace kata::sys
