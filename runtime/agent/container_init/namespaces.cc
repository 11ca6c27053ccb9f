// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "launch.pb.h"
#include "runtime/agent/container_init/scheduling.h"
#include "runtime/agent/container_init/sync_channel.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/namespace_type.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

struct Joined {
  int flag;
  UniqueFd fd;
};

bool is_same_file(int fd, const std::string& path) {
  const struct stat ours = sys::stat_of(open_file(path, O_RDONLY).get());
  const struct stat theirs = sys::stat_of(fd);
  return ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/// All descriptors are opened before the first setns(2): the mount namespace takes /proc away.
std::vector<Joined> open_joined(const launch::Plan& plan) {
  std::vector<Joined> result;
  for (const NamespaceType& type : kNamespaceTypes) {
    std::string path;
    for (const grpc::LinuxNamespace& wanted : plan.linux().namespaces()) {
      if (wanted.type() == type.name) path = wanted.path();
    }
    if (plan.joins()) path = fmt::format("/proc/{}/ns/{}", plan.init_pid(), type.file);
    if (path.empty()) continue;
    if (plan.joins() && type.flag == CLONE_NEWTIME && !path_exists(path)) continue;  // before 5.6
    UniqueFd fd = open_file(path, O_RDONLY);
    // The same one: nothing to do, and setns(2) refuses to enter one's own user namespace.
    if (is_same_file(fd.get(), fmt::format("/proc/self/ns/{}", type.file))) continue;
    result.push_back({type.flag, std::move(fd)});
  }
  return result;
}

void become_root() {
  sys::set_gid(0);
  sys::set_uid(0);
}

}  // namespace

int namespace_flag(const std::string& type) {
  if (const NamespaceType* known = namespace_type(type)) return known->flag;
  throw_error(Code::invalid_argument, "unknown namespace type \"{}\"", type);
}

bool has_namespace(const launch::Plan& plan, const std::string& type) {
  for (const grpc::LinuxNamespace& entry : plan.linux().namespaces()) {
    if (entry.type() == type) return true;
  }
  return false;
}

void enter_namespaces(const launch::Plan& plan, const std::function<void()>& wait_for_maps) {
  if (plan.shared_pidns() >= 0) sys::setns(plan.shared_pidns(), CLONE_NEWPID);
  bool joined_user = false;
  for (const Joined& joined : open_joined(plan)) {
    sys::setns(joined.fd.get(), joined.flag);
    joined_user = joined_user || joined.flag == CLONE_NEWUSER;
  }
  if (joined_user) become_root();
  if (plan.joins()) return;

  int fresh = 0;
  for (const grpc::LinuxNamespace& wanted : plan.linux().namespaces()) {
    if (wanted.path().empty()) fresh |= namespace_flag(wanted.type());
  }
  if ((fresh & CLONE_NEWUSER) != 0) {
    // /proc/PID/uid_map belongs to the guest's root otherwise; see user_namespaces(7) and
    // PR_SET_DUMPABLE.
    sys::process_control(PR_SET_DUMPABLE, 1, 0, "make the process dumpable");
    sys::unshare(CLONE_NEWUSER);
    wait_for_maps();
    become_root();
    fresh &= ~CLONE_NEWUSER;
  }
  if (fresh != 0) sys::unshare(fresh);
  if ((fresh & CLONE_NEWTIME) != 0) set_time_offsets(plan.linux());
}

}  // namespace kata::agent
