// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/sandbox/enter_sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>

#include "builder/rootfs/sandbox/sandbox_view.h"
#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/sys_process.h"
#include "runtime/base/text.h"

namespace kata::rootfs {
namespace {

constexpr int kNotStarted = 127;
constexpr int kNoSandbox = 125;

/// Runs `body` in a child; its Error is told on descriptor 2.
template <typename Body>
pid_t start_child(int namespaces, Body&& body) {
  std::fflush(nullptr);
  const pid_t pid = namespaces == 0 ? ::fork() : sys::clone_into(namespaces);
  if (pid < 0) throw_errno(errno, "start a process of the sandbox");
  if (pid > 0) return pid;
  try {
    body();
    ::_exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(kNoSandbox);
  }
}

std::string map_text(const std::vector<IdRange>& ranges) {
  std::string text;
  for (const IdRange& range : ranges)
    text += fmt::format("{} {} {}\n", range.inside, range.outside, range.count);
  return text;
}

void write_map(const char* helper, const char* file, pid_t pid, const std::vector<IdRange>& ranges,
               bool by_helpers) {
  if (!by_helpers) {
    write_kernel_file(fmt::format("/proc/{}/{}", pid, file), map_text(ranges));
    return;
  }
  Command command;
  command.argv = {helper, std::to_string(pid)};
  for (const IdRange& range : ranges) {
    for (const std::uint32_t number : {range.inside, range.outside, range.count})
      command.argv.push_back(std::to_string(number));
  }
  RealCommandRunner runner;
  (void)run_checked(runner, command);
}

/// A user namespace for this process. Its ids are written from outside of it.
void enter_user_namespace(const IdMap& ids) {
  Pipe ready = make_pipe();
  const pid_t self = ::getpid();
  const pid_t writer = start_child(0, [&] {
    ready.write.reset();
    if (read_all(ready.read.get(), 1).empty()) ::_exit(kNoSandbox);
    write_map("newuidmap", "uid_map", self, ids.users, ids.by_helpers);
    write_map("newgidmap", "gid_map", self, ids.groups, ids.by_helpers);
  });
  try {
    sys::unshare(CLONE_NEWUSER);
  } catch (Error& error) {
    error.add_context(
        "user namespaces may be switched off on this machine: see user.max_user_namespaces and "
        "kernel.unprivileged_userns_clone of sysctl, and what AppArmor or SELinux say");
    throw;
  }
  write_all(ready.write.get(), "x");
  ready.write.reset();
  if (sys::shell_status(sys::wait_for(writer)) != 0)
    throw_error(Code::failed_precondition, "write the ids of the sandbox's user namespace");
}

void become_root() {
  sys::set_groups({});
  sys::set_gid(0);
  sys::set_uid(0);
  // setuid(2) has forgotten it
  sys::process_control(PR_SET_PDEATHSIG, SIGKILL, 0, "PR_SET_PDEATHSIG");
}

std::string variable_of(const std::vector<std::string>& env, const std::string& name) {
  for (const std::string& item : env) {
    if (item.starts_with(name + "=")) return item.substr(name.size() + 1);
  }
  return {};
}

[[noreturn]] void execute_step(const SandboxStep& step) {
  ::umask(022);
  sys::reset_signals();
  sys::close_on_exec_from(3);
  std::vector<std::string> places = split_text(variable_of(step.env, "PATH"), ':');
  if (step.argv.front().find('/') != std::string::npos) places = {""};
  int err = ENOENT;
  for (const std::string& place : places) {
    const std::string path =
        place.empty() ? step.argv.front() : join_path(place, step.argv.front());
    if (sys::may_execute(path) == ENOENT) continue;
    err = sys::execute(path, step.argv, step.env);
    if (err != ENOENT && err != EACCES) break;
  }
  std::fprintf(stderr, "start %s: %s\n", step.argv.front().c_str(), errno_text(err).c_str());
  ::_exit(kNotStarted);
}

/// Ends what a step has left behind. This is process 1: -1 are all others of the namespace.
void end_leftovers() {
  ::kill(-1, SIGKILL);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

int run_step(const SandboxStep& step) {
  const int namespaces = step.root.empty() ? 0 : CLONE_NEWNS | CLONE_NEWPID;
  const pid_t pid = start_child(namespaces, [&] {
    sys::process_control(PR_SET_PDEATHSIG, SIGKILL, 0, "PR_SET_PDEATHSIG");
    UniqueFd output;
    if (!step.output.empty()) output = open_file(step.output, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!step.root.empty()) mount_in_tree(step.root);
    if (!step.root.empty() && step.enters) enter_tree(step.root);
    sys::duplicate_to(output ? output.get() : 2, 1);
    execute_step(step);
  });
  int status = 0;
  for (;;) {  // what lost its parent comes here too
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno == EINTR) continue;
    if (ended < 0) throw_errno(errno, "wait for {}", step.argv.front());
    if (ended == pid) break;
  }
  end_leftovers();
  return sys::shell_status(status);
}

void run_steps(const SandboxPlan& plan) {
  Json result = Json::object();
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const int status = run_step(plan.steps[i]);
    if (status == 0) continue;
    result = {{"failed", i}, {"status", status}};
    break;
  }
  std::printf("%s\n", result.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

void enter_sandbox(const SandboxPlan& plan) {
  enter_user_namespace(plan.ids);
  sys::unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID |
               (plan.network ? 0 : CLONE_NEWNET));
  sys::mount("", "/", "", MS_REC | MS_PRIVATE);
  const std::vector<OpenedBind> binds = open_binds(plan);
  become_root();
  if (!plan.network) sys::bring_loopback_up();
  sys::set_hostname("localhost");
  mount_view(plan, binds);
  Pipe alive = make_pipe();
  const pid_t first = start_child(0, [&] {
    alive.write.reset();
    sys::process_control(PR_SET_PDEATHSIG, SIGKILL, 0, "PR_SET_PDEATHSIG");
    // Had the parent ended before that took effect, there would be nothing to read
    if (read_all(alive.read.get(), 1).empty()) ::_exit(kNoSandbox);
    enter_view();
    run_steps(plan);
  });
  alive.read.reset();
  write_all(alive.write.get(), "x");
  alive.write.reset();
  if (const int status = sys::shell_status(sys::wait_for(first)); status != 0)
    throw_error(Code::internal, "run the sandbox: its first process ended with status {}", status);
}

}  // namespace kata::rootfs
