// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/container_init.h"

#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "launch.pb.h"
#include "runtime/agent/container_init/capabilities.h"
#include "runtime/agent/container_init/devices.h"
#include "runtime/agent/container_init/executable.h"
#include "runtime/agent/container_init/hooks.h"
#include "runtime/agent/container_init/identity.h"
#include "runtime/agent/container_init/mounts.h"
#include "runtime/agent/container_init/namespaces.h"
#include "runtime/agent/container_init/rootfs.h"
#include "runtime/agent/container_init/scheduling.h"
#include "runtime/agent/container_init/security_labels.h"
#include "runtime/agent/container_init/sync_channel.h"
#include "runtime/agent/container_init/user_namespace.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path_in_root.h"
#include "runtime/base/switch_root.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_process.h"
#include "runtime/base/sys_terminal.h"
#include "runtime/seccomp/seccomp_profile.h"

namespace kata::agent {
namespace {

using launch::Plan;
using launch::Report;

void report(Report::Kind kind, int pid = 0) {
  Report message;
  message.set_kind(kind);
  message.set_pid(pid);
  send_report(kSyncFd, message);
}

void report_and_wait(Report::Kind kind, int pid = 0) {
  report(kind, pid);
  wait_for_go(kSyncFd);
}

Plan read_plan() {
  Plan plan;
  const UniqueFd fd(kPlanFd);
  if (!plan.ParseFromString(read_all(fd.get())))
    throw_error(Code::internal, "the plan cannot be read");
  return plan;
}

/// The first process has entered the namespaces, but a pid namespace holds its children only. The
/// second process is a sibling: a child of the agent, so that the agent gets its exit status.
void continue_in_second_process() {
  const pid_t second = sys::clone_sibling();
  if (second == 0) return wait_for_go(kSyncFd);
  report(Report::PID, second);
  ::_exit(0);
}

void set_names(const Plan& plan) {
  if (!plan.hostname().empty()) sys::set_hostname(plan.hostname());
  if (!plan.domainname().empty()) sys::set_domainname(plan.domainname());
}

/// Through the guest's /proc, whose sysctl files show the namespaces of whoever opens them; the
/// container's may be read-only or missing.
void set_sysctls(const Plan& plan) {
  for (const auto& [key, value] : plan.linux().sysctl()) {
    std::string path = key;
    // Either separator; with slashes, dots belong to the names ("net/ipv4/conf/eth0.1/forwarding");
    // see sysctl(8).
    if (path.find('/') == std::string::npos) {
      for (char& c : path) c = c == '.' ? '/' : c;
    }
    in_context([&] { write_kernel_file("/proc/sys/" + path, value); }, "set sysctl {}", key);
  }
}

void attach_terminal(const sys::Terminal& terminal, const grpc::Process& process) {
  if (process.has_console_size() && process.console_size().height() != 0) {
    sys::set_window_size(terminal.slave.get(), process.console_size().height(),
                         process.console_size().width());
  }
  sys::take_controlling_terminal(terminal.slave.get());
  for (int number = 0; number < 3; ++number) sys::duplicate_to(terminal.slave.get(), number);
  Report message;
  message.set_kind(Report::CONSOLE);
  send_report(kSyncFd, message, terminal.master.get());
}

/// The terminal comes from the container's own devpts, so that ttyname(3) and /dev/pts work inside.
void make_console(const Plan& plan, int root) {
  if (!plan.process().terminal()) return;
  const UniqueFd multiplexer = resolve_in_root(root, "/dev/pts/ptmx", IfMissing::fail);
  const sys::Terminal terminal = sys::open_terminal(sys::fd_path(multiplexer.get()).c_str());
  bind_file(sys::fd_path(terminal.slave.get()), root, "/dev/console");
  attach_terminal(terminal, plan.process());
}

void make_container(const Plan& plan, UniqueFd sysfs) {
  if (plan.sets_up_lo()) sys::bring_loopback_up();
  set_names(plan);
  set_sysctls(plan);
  const UniqueFd root = prepare_rootfs(plan);
  make_mounts(plan, root.get(), std::move(sysfs));
  make_devices(plan, root.get());
  make_console(plan, root.get());
  report_and_wait(Report::MOUNTED);
  run_hooks(plan.hooks().create_container(), "createContainer",
            [&] { return with_pid(plan.state(), "creating", ::getpid()); });
  seal_readonly_tmpfs(plan, root.get());
  mask_paths(plan, root.get());
  protect_paths(plan, root.get());
  switch_root(root.get());
  if (!plan.process().cwd().empty()) make_directories(plan.process().cwd());
  finish_rootfs(plan);
}

void join_container(const Plan& plan) {
  if (!plan.process().terminal()) return;
  const char* const path = path_exists("/dev/pts/ptmx") ? "/dev/pts/ptmx" : "/dev/ptmx";
  attach_terminal(sys::open_terminal(path), plan.process());
}

/// Pipes and the process's own terminal: /dev/null is not ours to give away. So that
/// /proc/self/fd/1 and /dev/stdout can be opened again by a process that is not root.
void own_stdio(uid_t uid, bool is_terminal) {
  for (int number = 0; number < 3; ++number) {
    const struct stat status = sys::stat_of(number);
    if (status.st_uid == uid || (S_ISCHR(status.st_mode) && !is_terminal)) continue;
    ignore_error([&] { sys::change_owner(number, uid, status.st_gid); },
                 "a user namespace without that user");
  }
}

/// False when the user may be able to enter the folder only later, as itself.
bool enter_folder(const std::string& cwd, bool last_chance) {
  try {
    sys::change_directory(cwd);
  } catch (const Error& error) {
    if (error.err() == EACCES && !last_chance) return false;
    throw Error(error.code(),
                fmt::format("chdir to cwd (\"{}\") set in config.json failed: {}", cwd,
                            errno_text(error.err())),
                error.err());
  }
  // A descriptor of the guest that leaked in must not become a way out by /proc/self/fd/N as the
  // folder.
  if (!sys::current_directory()) {
    throw_error(Code::permission_denied,
                "current working directory is outside of container mount namespace root");
  }
  return true;
}

std::vector<std::string> environment_of(const Plan& plan, const Identity& identity) {
  const auto& env = plan.process().env();
  std::vector<std::string> result(env.begin(), env.end());
  if (!identity.home.empty()) {
    bool knows_home = false;
    for (const std::string& variable : result)
      knows_home = knows_home || variable.starts_with("HOME=");
    if (!knows_home) result.push_back("HOME=" + identity.home);
  }
  return result;
}

void become_user(const Plan& plan, const Identity& identity) {
  const grpc::Process& process = plan.process();
  const unsigned last = last_capability();
  const CapabilitySets sets = parse_capabilities(process.capabilities(), last);
  const std::string cwd = process.cwd().empty() ? "/" : process.cwd();
  const bool entered = enter_folder(cwd, false);
  apply_bounding_set(sets, last);
  apply_identity(identity);
  if (!entered) enter_folder(cwd, true);
  if (process.user().has_umask()) ::umask(process.user().umask());
  apply_capabilities(sets);
}

/// Everything from here on is the same for init and for further processes. Throws or never returns.
[[noreturn]] void become_process(const Plan& plan) {
  const grpc::Process& process = plan.process();
  const bool filtered =
      plan.linux().has_seccomp() && !plan.linux().seccomp().default_action().empty();
  const Identity identity = resolve_identity(plan);
  own_stdio(identity.uid, process.terminal());
  if (plan.linux().personality() == "LINUX32") sys::set_personality(PER_LINUX32);
  apply_scheduling(process);
  set_exec_labels(process.apparmor_profile(), process.selinux_label());
  if (process.no_new_privileges()) {
    sys::process_control(PR_SET_NO_NEW_PRIVS, 1, 0, "set no_new_privs");
  }
  // By the agent, who may raise hard limits, and while it still has root's ids, without which
  // prlimit(2) on it would take CAP_SYS_RESOURCE.
  if (!process.rlimits().empty()) report_and_wait(Report::WANTS_LIMITS);
  // Without no_new_privs, loading takes CAP_SYS_ADMIN, which goes next; with it, as late as can be.
  if (filtered && !process.no_new_privileges()) seccomp::load_profile(plan.linux().seccomp());
  become_user(plan, identity);
  const std::vector<std::string> arguments(process.args().begin(), process.args().end());
  const std::vector<std::string> environment = environment_of(plan, identity);
  const std::string program = find_executable(arguments.at(0), environment);
  report_and_wait(Report::READY);
  if (!plan.joins()) {
    run_hooks(plan.hooks().start_container(), "startContainer",
              [&] { return with_pid(plan.state(), "created", ::getpid()); });
  }
  sys::reset_signals();
  report(Report::EXECUTING);
  if (filtered && process.no_new_privileges()) seccomp::load_profile(plan.linux().seccomp());
  throw_exec_failure(program, sys::execute(program, arguments, environment));
}

[[noreturn]] void run() {
  sys::close_on_exec_from(kSyncFd);
  // The container's processes must not reach into this one, which still is the agent's program.
  sys::process_control(PR_SET_DUMPABLE, 0, 0, "make the process undumpable");
  ::umask(022);
  const Plan plan = read_plan();
  wait_for_go(kSyncFd);  // the agent has moved this process into the cgroup, which a cgroup
                         // namespace starts from
  UniqueFd sysfs = prepare_user_namespace(plan);
  enter_namespaces(plan, [] { report_and_wait(Report::WANTS_MAPS); });
  continue_in_second_process();
  sys::process_control(PR_SET_DUMPABLE, 0, 0, "make the process undumpable");
  sys::join_session_keyring("_ses." + plan.id());
  sys::new_session();
  if (plan.joins()) {
    join_container(plan);
  } else {
    make_container(plan, std::move(sysfs));
  }
  become_process(plan);
}

/// The status a shell gives, for the case that a filter keeps the report from being sent.
int exit_status(const Error& error) {
  switch (error.code()) {
    case Code::not_found:
      return 127;
    case Code::permission_denied:
      return 126;
    default:
      return 1;
  }
}

}  // namespace

bool is_container_init(int argc, char** argv) noexcept {
  return argc == 2 && std::string_view(argv[1]) == kContainerInitName;
}

int container_init_main(int, char**) {
  log::to_kmsg(log::Level::warn, kContainerInitName);
  try {
    run();
  } catch (const Error& error) {
    send_failure(kSyncFd, error);
    return exit_status(error);
  } catch (const std::exception& error) {
    send_failure(kSyncFd, Error(Code::internal, error.what()));
    return 1;
  }
}

}  // namespace kata::agent
