// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/rootless_findings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/runtime_folder.h"

namespace kata::cli {
namespace {

using hypervisor::Finding;

bool is_installed(const std::string& name) { return find_program(name).has_value(); }

std::string text_of(const std::string& path) {
  std::string text;
  ignore_error([&] { text = read_file_if_exists(path).value_or(""); }, "unreadable is unknown");
  return text.substr(0, text.find_last_not_of(" \n") + 1);
}

/// Whether a user may read and write the device; root asks for everybody.
bool may_use(const RootlessUser& user, const std::string& path) {
  if (!user.is_root) return ::access(path.c_str(), R_OK | W_OK) == 0;
  struct stat status {};
  constexpr mode_t kEverybody = S_IROTH | S_IWOTH;
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & kEverybody) == kEverybody;
}

bool has_range(const std::string& file, const RootlessUser& user) {
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    const std::string owner = line.substr(0, line.find(':'));
    if (owner.empty() || owner.starts_with('#')) continue;
    if (user.is_root || owner == user.name || owner == user.number) return true;
  }
  return false;
}

Finding user_namespaces(const RootlessUser& user, const std::string& root) {
  Finding finding{.name = "rootless: user namespaces", .value = "allowed"};
  const auto forbid = [&](const std::string& reason, const std::string& what_to_do) {
    finding.value = "not allowed";
    finding.reason = reason;
    finding.what_to_do = what_to_do;
    finding.ok = user.is_root;
  };
  if (text_of(root + "/proc/sys/user/max_user_namespaces") == "0") {
    forbid("user.max_user_namespaces is 0", "sysctl user.max_user_namespaces=28633");
  } else if (text_of(root + "/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    forbid("kernel.unprivileged_userns_clone is 0", "sysctl kernel.unprivileged_userns_clone=1");
  } else if (text_of(root + "/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    finding.reason = "restricted by AppArmor: the engine needs a profile that allows userns";
  }
  return finding;
}

Finding subordinate_ids(const RootlessUser& user, const std::string& root,
                        bool (*has_program)(const std::string&)) {
  Finding finding{.name = "rootless: subordinate ids", .value = "there"};
  const std::string who = user.name.empty() ? "USER" : user.name;
  if (!has_program("newuidmap") || !has_program("newgidmap")) {
    finding.value = "cannot be used";
    finding.reason = "newuidmap and newgidmap are not installed; images have one user id only";
    finding.what_to_do = "install the package uidmap (Debian) or shadow-utils (Oracle Linux)";
  } else if (!has_range(root + "/etc/subuid", user) || !has_range(root + "/etc/subgid", user)) {
    finding.value = "missing";
    finding.reason = "no range in /etc/subuid and /etc/subgid; images have one user id only";
    finding.what_to_do =
        fmt::format("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {}", who);
  }
  return finding;
}

Finding tun_device(const RootlessUser& user, const std::string& root) {
  Finding finding{.name = "rootless: /dev/net/tun", .value = "usable"};
  if (may_use(user, root + "/dev/net/tun")) return finding;
  finding.value = "not usable";
  finding.reason = "no machine gets a network card, only --network=none works";
  finding.what_to_do =
      "modprobe tun; chmod 0666 /dev/net/tun (udev: KERNEL==\"tun\", MODE=\"0666\")";
  finding.ok = user.is_root;
  return finding;
}

Finding network_helper(bool (*has_program)(const std::string&)) {
  if (has_program("slirp4netns"))
    return {.name = "rootless: network",
            .value = "slirp4netns",
            .reason = "publish ports with --network slirp4netns:port_handler=slirp4netns"};
  return {.name = "rootless: network",
          .value = "none",
          .reason = "slirp4netns is not installed, only --network=none works",
          .what_to_do = "install slirp4netns"};
}

Finding kvm(const RootlessUser& user, const hypervisor::HostProbe& probe, const std::string& root) {
  if (may_use(user, root + "/dev/kvm") && (probe.kvm_usable || user.is_root))
    return {.name = "rootless: accelerator", .value = "KVM"};
  const std::string who = user.name.empty() ? "USER" : user.name;
  return {
      .name = "rootless: accelerator",
      .value = "TCG",
      .reason = "/dev/kvm cannot be used; machines are emulated, which is slow",
      .what_to_do = fmt::format(
          "where KVM works: usermod -aG kvm {}, with /dev/kvm of mode 0660 and group kvm", who)};
}

Finding file_sharing(const hypervisor::HostProbe& probe) {
  if (probe.virtiofsd.empty())
    return {.name = "rootless: file sharing",
            .value = "without virtiofsd",
            .reason = "what QEMU has instead is chosen as for root"};
  return {.name = "rootless: file sharing",
          .value = probe.virtiofsd,
          .reason = "runs as root of the user namespace; files keep the user's subordinate ids"};
}

Finding state_folder(const RootlessUser& user) {
  Finding finding{.name = "rootless: runtime folder", .value = user.runtime_folder};
  if (user.is_root) {
    finding.value = "each user's XDG_RUNTIME_DIR";
  } else if (user.runtime_folder.empty() || ::access(user.runtime_folder.c_str(), W_OK) != 0) {
    finding.value = user.runtime_folder.empty() ? "XDG_RUNTIME_DIR is not set" : "not writable";
    finding.reason = "containers' state has no place; /run is root's";
    finding.what_to_do =
        "log in by ssh or loginctl enable-linger, or set XDG_RUNTIME_DIR to a folder of mode 0700";
    finding.ok = false;
  }
  return finding;
}

Finding cgroups(const hypervisor::HostProbe& probe) {
  if (probe.cgroups == hypervisor::CgroupMode::v2)
    return {.name = "rootless: cgroups", .value = "v2", .reason = "as far as systemd delegates"};
  return {.name = "rootless: cgroups",
          .value = "none",
          .reason =
              "only the v2 hierarchy is delegated to users; Podman then refuses limits, stats "
              "and pause",
          .what_to_do = "boot with systemd.unified_cgroup_hierarchy=1"};
}

}  // namespace

RootlessUser current_user() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  return {.is_root = !is_rootless(),
          .name = variable("USER"),
          .number = std::to_string(::getuid()),
          .runtime_folder = variable("XDG_RUNTIME_DIR")};
}

std::vector<Finding> rootless_findings(const RootlessUser& user, const hypervisor::HostProbe& probe,
                                       const std::string& root,
                                       bool (*has_program)(const std::string& name)) {
  if (has_program == nullptr) has_program = &is_installed;
  return {user_namespaces(user, root), subordinate_ids(user, root, has_program),
          tun_device(user, root),      network_helper(has_program),
          kvm(user, probe, root),      file_sharing(probe),
          state_folder(user),          cgroups(probe)};
}

}  // namespace kata::cli
