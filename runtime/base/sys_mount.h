// SPDX-License-Identifier: Apache-2.0
//
// Mount system calls, see mount(2) and mount_setattr(2): thin, typed, throwing with the arguments in the message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kata::sys {

/// mount(2). Throws Error.
void mount(const std::string& source, const std::string& target, const std::string& type,
           unsigned long flags, const std::string& data = {});
/// umount2(2). Throws Error.
void unmount(const std::string& target, int flags);
/// Mount points in /proc/self/mountinfo at or below `directory`, deepest first, octal escapes decoded.
[[nodiscard]] std::vector<std::string> mounts_below(std::string_view directory);
/// Detaches every mount at or below `directory`; returns how many. Never throws for one that is gone already.
int unmount_all_below(std::string_view directory);

}  // namespace kata::sys
