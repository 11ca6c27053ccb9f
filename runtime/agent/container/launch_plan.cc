// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/launch_plan.h"

#include <set>
#include <string_view>

#include "agent.pb.h"
#include "runtime/agent/container_init/mount_options.h"
#include "runtime/agent/container_init/namespaces.h"
#include "runtime/agent/container_init/sync_channel.h"
#include "runtime/base/error.h"
#include "runtime/base/limit_names.h"
#include "runtime/base/path.h"
#include "runtime/seccomp/seccomp_profile.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxPath = 4095;        // PATH_MAX without its NUL
constexpr std::size_t kMaxText = 128 * 1024;  // MAX_ARG_STRLEN, see execve(2)
constexpr int kMaxEntries = 16384;

template <typename... Args>
[[noreturn]] void invalid(fmt::format_string<Args...> format, Args&&... args) {
  throw_error(Code::invalid_argument, format, std::forward<Args>(args)...);
}

void check_text(std::string_view what, std::string_view text, std::size_t limit = kMaxText) {
  if (text.find('\0') != std::string_view::npos) invalid("{} has a NUL character", what);
  if (text.size() > limit) invalid("{} is longer than {} bytes", what, limit);
}

void check_path(std::string_view what, const std::string& path) {
  check_text(what, path, kMaxPath);
  if (!path.starts_with('/')) invalid("{} \"{}\" must be an absolute path", what, path);
}

template <typename List>
void check_count(std::string_view what, const List& list) {
  if (list.size() > kMaxEntries) invalid("{}: more than {} entries", what, kMaxEntries);
}

template <typename List>
void check_paths(std::string_view what, const List& list) {
  check_count(what, list);
  for (const std::string& path : list) check_path(what, path);
}

void check_process(const grpc::Process& process) {
  if (process.args().empty() || process.args(0).empty()) invalid("process.args must not be empty");
  check_count("process.args", process.args());
  for (const std::string& text : process.args()) check_text("process.args", text);
  check_count("process.env", process.env());
  for (const std::string& text : process.env()) check_text("process.env", text);
  if (!process.cwd().empty()) check_path("process.cwd", process.cwd());
  check_count("process.user.additionalGids", process.user().additional_gids());
  std::set<std::string> seen;
  for (const grpc::POSIXRlimit& limit : process.rlimits()) {
    static_cast<void>(rlimit_number(limit.type()));
    if (!seen.insert(limit.type()).second)
      invalid("process.rlimits: {} is there twice", limit.type());
    if (limit.soft() > limit.hard())
      invalid("process.rlimits: {}: soft is above hard", limit.type());
  }
  if (process.has_oom_score_adj() &&
      (process.oom_score_adj() < -1000 || process.oom_score_adj() > 1000)) {
    invalid("process.oomScoreAdj {} is not within -1000 and 1000", process.oom_score_adj());
  }
}

void check_mounts(const grpc::Spec& spec) {
  check_count("mounts", spec.mounts());
  for (const grpc::Mount& mount : spec.mounts()) {
    check_text("mounts.destination", mount.destination(), kMaxPath);
    if (mount.destination().empty()) invalid("mounts: a destination is empty");
    check_text("mounts.source", mount.source(), kMaxText);
    check_text("mounts.type", mount.type(), kMaxPath);
    for (const std::string& option : mount.options())
      check_text("mounts.options", option, kMaxPath);
    in_context(
        [&] {
          const auto& list = mount.options();
          static_cast<void>(
              parse_mount_options(std::vector<std::string>(list.begin(), list.end())));
        },
        "mount on {}", mount.destination());
  }
}

void check_namespaces(const grpc::Linux& linux) {
  std::set<std::string> seen;
  for (const grpc::LinuxNamespace& entry : linux.namespaces()) {
    static_cast<void>(namespace_flag(entry.type()));
    if (!seen.insert(entry.type()).second)
      invalid("linux.namespaces: {} is there twice", entry.type());
    if (!entry.path().empty()) check_path("linux.namespaces.path", entry.path());
    if (entry.type() == "mount" && !entry.path().empty()) {
      invalid("linux.namespaces: a mount namespace by path cannot get a root file system");
    }
    if (entry.type() == "user" && entry.path().empty() &&
        (linux.uid_mappings().empty() || linux.gid_mappings().empty())) {
      invalid("linux.namespaces: a new user namespace needs uidMappings and gidMappings");
    }
  }
  if (!seen.contains("mount")) invalid("linux.namespaces: a mount namespace is needed");
}

void check_devices(const grpc::Linux& linux) {
  static const std::set<std::string> kTypes = {"c", "u", "b", "p"};
  check_count("linux.devices", linux.devices());
  for (const grpc::LinuxDevice& device : linux.devices()) {
    check_path("linux.devices.path", device.path());
    if (!kTypes.contains(device.type()))
      invalid("linux.devices: {}: unknown type \"{}\"", device.path(), device.type());
    if (device.major() < 0 || device.major() > 0xfff || device.minor() < 0 ||
        device.minor() > 0xfffff) {
      if (device.type() != "p") invalid("linux.devices: {}: number out of range", device.path());
    }
  }
}

void check_sysctls(const grpc::Linux& linux) {
  for (const auto& [key, value] : linux.sysctl()) {
    check_text("linux.sysctl", key, kMaxPath);
    check_text("linux.sysctl", value);
    if (key.empty() || key.starts_with('/') || key.find("..") != std::string::npos) {
      invalid("linux.sysctl: \"{}\" is no name of a sysctl", key);
    }
  }
}

void check_linux(const grpc::Linux& linux) {
  check_namespaces(linux);
  check_devices(linux);
  check_sysctls(linux);
  check_paths("linux.maskedPaths", linux.masked_paths());
  check_paths("linux.readonlyPaths", linux.readonly_paths());
  static_cast<void>(propagation_from_name(linux.rootfs_propagation()));
  if (!linux.personality().empty() && linux.personality() != "LINUX32")
    invalid("linux.personality: unknown domain \"{}\"", linux.personality());
  if (linux.has_seccomp() && !linux.seccomp().default_action().empty())
    seccomp::check_profile(linux.seccomp());
}

void check_hooks(const grpc::Hooks& hooks) {
  for (const auto* list : {&hooks.prestart(), &hooks.create_runtime(), &hooks.create_container(),
                           &hooks.start_container(), &hooks.poststart(), &hooks.poststop()}) {
    for (const grpc::Hook& hook : *list) {
      check_path("hooks.path", hook.path());
      if (hook.timeout() < 0) invalid("hooks: {}: negative timeout", hook.path());
      for (const std::string& text : hook.args()) check_text("hooks.args", text);
      for (const std::string& text : hook.env()) check_text("hooks.env", text);
    }
  }
}

void set_lookup(launch::Plan& plan, const grpc::StringUser* names) {
  if (names == nullptr ||
      (names->uid().empty() && names->gid().empty() && names->additional_gids().empty()))
    return;
  plan.mutable_lookup()->set_user(names->uid());
  plan.mutable_lookup()->set_group(names->gid());
  *plan.mutable_lookup()->mutable_groups() = names->additional_gids();
}

/// What is not the child's business stays out: the plan is copied, read and parsed at every start.
void copy_linux(const grpc::Linux& from, grpc::Linux& to) {
  to = from;
  to.clear_resources();
  to.clear_cgroups_path();
}

void drop_namespace(grpc::Linux& linux, std::string_view type) {
  auto& list = *linux.mutable_namespaces();
  for (int i = list.size() - 1; i >= 0; --i) {
    if (list[i].type() == type) list.DeleteSubrange(i, 1);
  }
}

}  // namespace

int rlimit_number(const std::string& name) {
  for (const auto& [known, number] : kLimitNames) {
    if (known == name) return number;
  }
  invalid("process.rlimits: unknown type \"{}\"", name);
}

launch::Plan make_init_plan(const std::string& id, const grpc::Spec& spec,
                            const grpc::StringUser* names, const std::string& cgroup_path,
                            bool joins_pidns) {
  check_container_id(id);
  check_process(spec.process());
  check_path("root.path", spec.root().path());
  check_mounts(spec);
  check_linux(spec.linux());
  check_hooks(spec.hooks());
  check_text("hostname", spec.hostname(), 64);  // __NEW_UTS_LEN
  check_text("domainname", spec.domainname(), 64);

  launch::Plan plan;
  plan.set_id(id);
  *plan.mutable_process() = spec.process();
  copy_linux(spec.linux(), *plan.mutable_linux());
  plan.mutable_root()->set_path(clean_path(spec.root().path()));
  plan.mutable_root()->set_readonly(spec.root().readonly());
  *plan.mutable_mounts() = spec.mounts();
  for (grpc::Mount& mount : *plan.mutable_mounts()) {
    mount.set_destination(
        clean_path("/" + mount.destination()));  // relative ones are below the root, as in runc
  }
  *plan.mutable_hooks()->mutable_create_container() = spec.hooks().create_container();
  *plan.mutable_hooks()->mutable_start_container() = spec.hooks().start_container();
  plan.set_hostname(spec.hostname());
  plan.set_domainname(spec.domainname());
  if (!has_namespace(plan, "uts") && !(spec.hostname().empty() && spec.domainname().empty())) {
    invalid("hostname \"{}\" needs a uts namespace of the container's own", spec.hostname());
  }
  plan.set_shared_pidns(-1);
  if (joins_pidns) {
    drop_namespace(*plan.mutable_linux(), "pid");
    plan.set_shared_pidns(kSharedPidnsFd);
  }
  for (const grpc::LinuxNamespace& entry : plan.linux().namespaces()) {
    if (entry.type() == "network" && entry.path().empty()) plan.set_sets_up_lo(true);
  }
  plan.set_cgroup_path(cgroup_path);
  set_lookup(plan, names);
  return plan;
}

launch::Plan make_exec_plan(const std::string& id, const grpc::Spec& spec,
                            const grpc::Process& process, const grpc::StringUser* names,
                            pid_t init_pid) {
  check_process(process);
  launch::Plan plan;
  plan.set_id(id);
  plan.set_joins(true);
  plan.set_init_pid(init_pid);
  plan.set_shared_pidns(-1);
  *plan.mutable_process() = process;
  plan.mutable_linux()->set_personality(spec.linux().personality());
  if (spec.linux().has_seccomp()) *plan.mutable_linux()->mutable_seccomp() = spec.linux().seccomp();
  set_lookup(plan, names);
  return plan;
}

}  // namespace kata::agent
