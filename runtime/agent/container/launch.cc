// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/launch.h"

#include <signal.h>
#include <sys/socket.h>

#include <string_view>

#include "launch.pb.h"
#include "runtime/agent/container/launch_plan.h"
#include "runtime/agent/container_init/container_init.h"
#include "runtime/agent/container_init/sync_channel.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_file.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

using launch::Report;

std::string map_text(const google::protobuf::RepeatedPtrField<grpc::LinuxIDMapping>& mappings) {
  std::string text;
  for (const grpc::LinuxIDMapping& entry : mappings) {
    text += fmt::format("{} {} {}\n", entry.container_id(), entry.host_id(), entry.size());
  }
  return text;
}

void apply_rlimits(pid_t pid, const grpc::Process& process) {
  for (const grpc::POSIXRlimit& limit : process.rlimits()) {
    in_context(
        [&] { sys::set_limit(pid, rlimit_number(limit.type()), limit.soft(), limit.hard()); },
        "set {}", limit.type());
  }
}

}  // namespace

Launch::Launch(const launch::Plan& plan, const std::string& executable, int shared_pidns) {
  auto [ours, theirs] = make_socket_pair(SOCK_SEQPACKET);
  const UniqueFd memory = sys::make_memory_file("container-plan", plan.SerializeAsString());
  Command command;
  command.argv = {executable, kContainerInitName};
  command.env.emplace();
  command.fds = {{kSyncFd, theirs.get()}, {kPlanFd, memory.get()}};
  if (shared_pidns >= 0) command.fds.emplace_back(kSharedPidnsFd, shared_pidns);
  Pipe in, out, err;
  if (!plan.process().terminal()) {
    if (plan.process().null_stdin()) {
      in.read = open_file("/dev/null", O_RDONLY);
    } else {
      in = make_pipe();
    }
    out = make_pipe();
    err = make_pipe();
    command.fds.insert(command.fds.end(),
                       {{0, in.read.get()}, {1, out.write.get()}, {2, err.write.get()}});
  }
  first_ = spawn(command);
  sync_ = std::move(ours);
  process_.stdio.in = std::move(in.write);
  process_.stdio.out = std::move(out.read);
  process_.stdio.err = std::move(err.read);
}

Launch::~Launch() {
  if (executing_ || process_.pid <= 0) return;  // first_ looks after itself
  ignore_error(
      [&] {
        sys::kill(process_.pid, SIGKILL);
        sys::wait_for(process_.pid);
      },
      "it may have been reaped");
}

bool Launch::next(Report& report, UniqueFd& fd) {
  report.Clear();
  if (!receive_report(sync_.get(), report, fd)) return false;
  if (report.kind() == Report::FAILED) {
    throw Error(static_cast<Code>(report.code()), report.message(), report.err());
  }
  return true;
}

void Launch::adopt(pid_t pid, const grpc::Process& process) {
  process_.pid = pid;
  process_.pidfd = sys::pidfd_open(pid);
  first_.wait();
  if (process.has_oom_score_adj()) {
    write_kernel_file(fmt::format("/proc/{}/oom_score_adj", pid),
                      std::to_string(process.oom_score_adj()));
  }
}

void Launch::write_maps(const grpc::Linux& linux) const {
  write_kernel_file(fmt::format("/proc/{}/uid_map", first_pid()), map_text(linux.uid_mappings()));
  write_kernel_file(fmt::format("/proc/{}/gid_map", first_pid()), map_text(linux.gid_mappings()));
}

void Launch::prepare(const grpc::Process& process, const grpc::Linux& linux,
                     const std::function<void(pid_t)>& on_mounted) {
  send_go(sync_.get());
  Report report;
  UniqueFd fd;
  while (next(report, fd)) {
    switch (report.kind()) {
      case Report::WANTS_MAPS:
        write_maps(linux);
        break;
      case Report::PID:
        adopt(report.pid(), process);
        break;
      case Report::CONSOLE:
        process_.stdio.console = std::move(fd);
        continue;  // the child does not wait
      case Report::MOUNTED:
        on_mounted(process_.pid);
        break;
      case Report::WANTS_LIMITS:
        apply_rlimits(process_.pid, process);
        break;
      case Report::READY:
        return;
      default:
        throw_error(Code::internal, "container-init reports {} too early",
                    static_cast<int>(report.kind()));
    }
    send_go(sync_.get());
  }
  throw_error(Code::internal, "container-init ended without a reason");
}

void Launch::execute() {
  send_go(sync_.get());
  Report report;
  UniqueFd fd;
  if (!next(report, fd))
    throw_error(Code::internal, "container-init ended before it could execute its program");
  // End of file now means that execve(2) has closed the child's end; an error would have come as a
  // report.
  if (next(report, fd)) throw_error(Code::internal, "container-init talks after its last word");
  executing_ = true;
  sync_.reset();
}

}  // namespace kata::agent
