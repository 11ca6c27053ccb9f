// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/storage/mount_options.h"

#include <sys/mount.h>

#include <string_view>

#include "runtime/base/error.h"

namespace kata::agent {
namespace {

struct Word {
  std::string_view name;
  unsigned long flag;
  bool set;
};

constexpr Word kWords[] = {
    {"defaults", 0, true},
    {"ro", MS_RDONLY, true},
    {"rw", MS_RDONLY, false},
    {"nosuid", MS_NOSUID, true},
    {"suid", MS_NOSUID, false},
    {"nodev", MS_NODEV, true},
    {"dev", MS_NODEV, false},
    {"noexec", MS_NOEXEC, true},
    {"exec", MS_NOEXEC, false},
    {"sync", MS_SYNCHRONOUS, true},
    {"async", MS_SYNCHRONOUS, false},
    {"dirsync", MS_DIRSYNC, true},
    {"noatime", MS_NOATIME, true},
    {"atime", MS_NOATIME, false},
    {"nodiratime", MS_NODIRATIME, true},
    {"diratime", MS_NODIRATIME, false},
    {"relatime", MS_RELATIME, true},
    {"norelatime", MS_RELATIME, false},
    {"strictatime", MS_STRICTATIME, true},
    {"bind", MS_BIND, true},
    {"rbind", MS_BIND | MS_REC, true},
};

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& options) {
  constexpr std::size_t kMaxData = 4095;  // one page with its NUL; see mount(2)
  MountOptions result;
  for (const std::string& option : options) {
    bool known = false;
    for (const Word& word : kWords) {
      if (word.name != option) continue;
      result.flags = word.set ? result.flags | word.flag : result.flags & ~word.flag;
      known = true;
    }
    if (known || option.empty()) continue;
    if (!result.data.empty()) result.data += ',';
    result.data += option;
  }
  if (result.data.size() > kMaxData) {
    throw_error(Code::invalid_argument, "mount options of {} bytes, at most {} are possible",
                result.data.size(), kMaxData);
  }
  return result;
}

}  // namespace kata::agent
