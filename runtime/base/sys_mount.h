// SPDX-License-Identifier: Apache-2.0
//
// Mount system calls, see mount(2) and mount_setattr(2): thin, typed, throwing with the arguments
// in the message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::sys {

/// mount(2). Throws Error.
void mount(const std::string& source, const std::string& target, const std::string& type,
           unsigned long flags, const std::string& data = {});
/// A file system that is mounted nowhere yet: fsopen(2), fsconfig(2), fsmount(2) with bits of
/// MOUNT_ATTR_*. It belongs to whoever calls now, whatever namespaces are entered before it is
/// attached. Throws Error.
[[nodiscard]] UniqueFd detached_mount(const std::string& type, unsigned attributes);
/// move_mount(2) of such a mount to what the second descriptor is of. Throws Error.
void attach_mount(int mount, int target);
/// umount2(2). Throws Error.
void unmount(const std::string& target, int flags);
/// pivot_root(".", "."): the current folder becomes the root, the old root lies on top of it at
/// "."; false with EINVAL, which is what an initramfs as the root gives. Throws Error. See
/// pivot_root(2).
[[nodiscard]] bool pivot_root_here();
/// mount_setattr(2) with AT_RECURSIVE on `target`; bits of MOUNT_ATTR_*. Throws Error.
void set_mount_attributes_recursively(const std::string& target, std::uint64_t set,
                                      std::uint64_t clear);
/// The MS_* flags in force where `path` lies, as far as statvfs(3) tells them. Throws Error.
[[nodiscard]] unsigned long mount_flags_at(const std::string& path);
/// A path as mountinfo writes it, with space, tab, newline and backslash as \ooo; see proc(5).
[[nodiscard]] std::string decode_octal(std::string_view text);
/// Mount points in /proc/self/mountinfo at or below `directory`, deepest first, octal escapes
/// decoded.
[[nodiscard]] std::vector<std::string> mounts_below(std::string_view directory);
/// Detaches every mount at or below `directory`; returns how many. Never throws for one that is
/// gone already.
int unmount_all_below(std::string_view directory);

}  // namespace kata::sys
