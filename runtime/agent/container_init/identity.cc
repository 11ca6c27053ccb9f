// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/identity.h"

#include <fcntl.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>

#include "launch.pb.h"
#include "runtime/agent/container_init/user_database.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxDatabase = 4U << 20;

/// The container's file, which may be anything: not there, a fifo, a device.
std::string read_database(const std::string& path) {
  try {
    const UniqueFd fd = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!S_ISREG(sys::stat_of(fd.get()).st_mode)) return {};
    return read_all(fd.get(), kMaxDatabase);
  } catch (const Error& error) {
    if (error.err() == ENOENT || error.err() == ENOTDIR || error.err() == EACCES ||
        error.err() == ELOOP)
      return {};
    throw;
  }
}

gid_t group_number(const std::string& groups, const std::string& name) {
  if (const auto gid = find_group(groups, name)) return *gid;
  throw_error(Code::not_found, "unable to find group {}: no matching entries in group file", name);
}

void look_up_names(const launch::NameLookup& names, const std::string& passwd, Identity& identity) {
  const std::string groups = read_database("/etc/group");
  if (!names.user().empty()) {
    const auto entry = find_user(passwd, names.user());
    const auto number = parse_id(names.user());
    if (!entry && !number) {
      throw_error(Code::not_found, "unable to find user {}: no matching entries in passwd file",
                  names.user());
    }
    identity.uid = entry ? entry->uid : *number;
    if (entry && names.group().empty()) identity.gid = entry->gid;
    if (entry && names.groups().empty()) identity.groups = groups_of(groups, entry->name);
  }
  if (!names.group().empty()) identity.gid = group_number(groups, names.group());
  for (const std::string& name : names.groups())
    identity.groups.push_back(group_number(groups, name));
}

}  // namespace

Identity resolve_identity(const launch::Plan& plan) {
  const grpc::User& user = plan.process().user();
  Identity identity;
  identity.uid = user.uid();
  identity.gid = user.gid();
  identity.groups.assign(user.additional_gids().begin(), user.additional_gids().end());
  const auto& env = plan.process().env();
  const bool knows_home = std::any_of(env.begin(), env.end(), [](const std::string& variable) {
    return variable.starts_with("HOME=");
  });
  if (knows_home && !plan.has_lookup()) return identity;
  const std::string passwd = read_database("/etc/passwd");
  if (plan.has_lookup()) look_up_names(plan.lookup(), passwd, identity);
  const auto entry = find_user(passwd, std::to_string(identity.uid));
  identity.home = entry && !entry->home.empty() ? entry->home : "/";
  return identity;
}

void apply_identity(const Identity& identity) {
  sys::process_control(PR_SET_KEEPCAPS, 1, 0, "keep capabilities");
  try {
    sys::set_groups(identity.groups);
  } catch (const Error& error) {
    // In a user namespace with setgroups denied only "none" can be meant; see user_namespaces(7).
    if (error.err() != EPERM || !identity.groups.empty()) throw;
  }
  sys::set_gid(identity.gid);
  sys::set_uid(identity.uid);
  sys::process_control(PR_SET_KEEPCAPS, 0, 0, "stop keeping capabilities");
}

}  // namespace kata::agent
