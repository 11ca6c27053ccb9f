// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <string_view>

#include "runtime/base/error.h"

namespace kata::agent {
namespace {

struct FlagOption {
  std::string_view name;
  bool clears;
  unsigned long flag;
};

// mount(8), "filesystem-independent mount options", and runc's names for bind mounts.
constexpr FlagOption kFlags[] = {
    {"async", true, MS_SYNCHRONOUS},
    {"atime", true, MS_NOATIME},
    {"bind", false, MS_BIND},
    {"defaults", false, 0},
    {"dev", true, MS_NODEV},
    {"diratime", true, MS_NODIRATIME},
    {"dirsync", false, MS_DIRSYNC},
    {"exec", true, MS_NOEXEC},
    {"iversion", false, MS_I_VERSION},
    {"lazytime", false, MS_LAZYTIME},
    {"loud", true, MS_SILENT},
    {"mand", false, MS_MANDLOCK},
    {"noatime", false, MS_NOATIME},
    {"nodev", false, MS_NODEV},
    {"nodiratime", false, MS_NODIRATIME},
    {"noexec", false, MS_NOEXEC},
    {"noiversion", true, MS_I_VERSION},
    {"nolazytime", true, MS_LAZYTIME},
    {"nomand", true, MS_MANDLOCK},
    {"norelatime", true, MS_RELATIME},
    {"nostrictatime", true, MS_STRICTATIME},
    {"nosuid", false, MS_NOSUID},
    {"nosymfollow", false, 256},  // MS_NOSYMFOLLOW, Linux 5.10
    {"rbind", false, MS_BIND | MS_REC},
    {"relatime", false, MS_RELATIME},
    {"remount", false, MS_REMOUNT},
    {"ro", false, MS_RDONLY},
    {"rw", true, MS_RDONLY},
    {"silent", false, MS_SILENT},
    {"strictatime", false, MS_STRICTATIME},
    {"suid", true, MS_NOSUID},
    {"symfollow", true, 256},
    {"sync", false, MS_SYNCHRONOUS},
};

struct NamedFlag {
  std::string_view name;
  unsigned long flag;
};

constexpr NamedFlag kPropagation[] = {
    {"private", MS_PRIVATE},       {"rprivate", MS_PRIVATE | MS_REC},
    {"shared", MS_SHARED},         {"rshared", MS_SHARED | MS_REC},
    {"slave", MS_SLAVE},           {"rslave", MS_SLAVE | MS_REC},
    {"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC},
};

struct RecursiveOption {
  std::string_view name;
  std::uint64_t set;
  std::uint64_t clear;
};

// MOUNT_ATTR_* of linux/mount.h; the three ways to count access times share the bits 0x70.
constexpr RecursiveOption kRecursive[] = {
    {"rro", 0x1, 0},
    {"rrw", 0, 0x1},
    {"rnosuid", 0x2, 0},
    {"rsuid", 0, 0x2},
    {"rnodev", 0x4, 0},
    {"rdev", 0, 0x4},
    {"rnoexec", 0x8, 0},
    {"rexec", 0, 0x8},
    {"rnodiratime", 0x80, 0},
    {"rdiratime", 0, 0x80},
    {"rrelatime", 0, 0x70},
    {"rnorelatime", 0x20, 0x70},
    {"rnoatime", 0x10, 0x70},
    {"ratime", 0, 0x70},
    {"rstrictatime", 0x20, 0x70},
    {"rnosymfollow", 0x200000, 0},
    {"rsymfollow", 0, 0x200000},
};

template <typename Table>
const auto* find_option(const Table& table, std::string_view name) {
  const auto found = std::find_if(std::begin(table), std::end(table),
                                  [&](const auto& entry) { return entry.name == name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace

MountOptions parse_mount_options(std::span<const std::string> options) {
  MountOptions result;
  for (const std::string& option : options) {
    if (const FlagOption* entry = find_option(kFlags, option)) {
      result.flags = entry->clears ? result.flags & ~entry->flag : result.flags | entry->flag;
    } else if (const NamedFlag* propagation = find_option(kPropagation, option)) {
      result.propagation.push_back(propagation->flag);
    } else if (const RecursiveOption* recursive = find_option(kRecursive, option)) {
      result.recursive_set = (result.recursive_set & ~recursive->clear) | recursive->set;
      result.recursive_clear = (result.recursive_clear & ~recursive->set) | recursive->clear;
    } else if (option == "tmpcopyup") {
      result.copy_up = true;
    } else if (option == "idmap" || option == "ridmap") {
      throw_error(Code::unimplemented, "mount option \"{}\": id-mapped mounts are not supported",
                  option);
    } else if (!option.empty()) {
      if (!result.data.empty()) result.data += ',';
      result.data += option;
    }
  }
  return result;
}

unsigned long propagation_from_name(const std::string& name) {
  if (name.empty()) return 0;
  if (const NamedFlag* entry = find_option(kPropagation, name)) return entry->flag;
  throw_error(Code::invalid_argument, "unknown mount propagation \"{}\"", name);
}

}  // namespace kata::agent
