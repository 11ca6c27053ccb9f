// SPDX-License-Identifier: Apache-2.0
#include "runtime/shim/task_service.h"

#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/oci/spec.h"
#include "runtime/shim/stdio_fds.h"
#include "task.pb.h"

namespace kata::shim {
namespace {

using asio::awaitable;
using wire::Empty;
namespace task = containerd::task::v2;
using TaskStatus = containerd::v1::types::Status;

void set_time(kata::protobuf::Timestamp& target, std::chrono::system_clock::time_point time) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  target.set_seconds(seconds.count());
  target.set_nanos(static_cast<int>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count()));
}

TaskStatus status_of(const sandbox::Container& container, const sandbox::Process& process) {
  switch (process.status) {
    case sandbox::ProcessStatus::created:
      return container.paused && process.exec_id.empty() ? TaskStatus::PAUSED : TaskStatus::CREATED;
    case sandbox::ProcessStatus::running:
      return container.paused ? TaskStatus::PAUSED : TaskStatus::RUNNING;
    case sandbox::ProcessStatus::stopped:
      return TaskStatus::STOPPED;
  }
  return TaskStatus::UNKNOWN;
}

awaitable<task::StateResponse> state(ServiceContext& context, task::StateRequest request) {
  const sandbox::Container& container = context.sandbox.container(request.id());
  const auto process = context.sandbox.process(request.id(), request.exec_id());
  task::StateResponse response;
  response.set_id(request.id());
  response.set_bundle(container.bundle.path);
  response.set_pid(static_cast<std::uint32_t>(context.sandbox.pid_of(*process)));
  response.set_status(status_of(container, *process));
  response.set_stdin(process->stdin_path);
  response.set_stdout(process->stdout_path);
  response.set_stderr(process->stderr_path);
  response.set_terminal(process->terminal);
  response.set_exit_status(process->exit.status);
  if (process->status == sandbox::ProcessStatus::stopped)
    set_time(*response.mutable_exited_at(), process->exit.at);
  response.set_exec_id(request.exec_id());
  co_return response;
}

awaitable<task::CreateTaskResponse> create(ServiceContext& context,
                                           task::CreateTaskRequest request) {
  check_container_id(request.id());
  if (!request.checkpoint().empty())
    throw_error(Code::unimplemented, "restore from checkpoint {}: a virtual machine cannot",
                request.checkpoint());
  sandbox::CreateRequest create_request{
      .id = request.id(),
      .bundle = request.bundle(),
      .rootfs_mounts = {},
      .terminal = request.terminal(),
      .stdin_path = request.stdin(),
      .stdout_path = request.stdout(),
      .stderr_path = request.stderr(),
      .fds = open_stdio(context.handoff, request.stdin(), request.stdout(), request.stderr(),
                        request.terminal()),
  };
  for (const containerd::types::Mount& mount : request.rootfs()) {
    grpc::Mount& copy = create_request.rootfs_mounts.emplace_back();
    copy.set_type(mount.type());
    copy.set_source(mount.source());
    *copy.mutable_options() = mount.options();
  }
  const auto relay = context.early_relays.find({request.id(), ""});
  if (relay != context.early_relays.end()) {
    create_request.relay_pid = relay->second;
    context.early_relays.erase(relay);
  }
  co_await context.sandbox.create(std::move(create_request));
  task::CreateTaskResponse response;
  const auto process = context.sandbox.process(request.id(), "");
  response.set_pid(static_cast<std::uint32_t>(context.sandbox.pid_of(*process)));
  co_return response;
}

awaitable<task::StartResponse> start(ServiceContext& context, task::StartRequest request) {
  const pid_t pid = co_await context.sandbox.start(request.id(), request.exec_id());
  task::StartResponse response;
  response.set_pid(static_cast<std::uint32_t>(pid));
  co_return response;
}

awaitable<task::DeleteResponse> remove(ServiceContext& context, task::DeleteRequest request) {
  task::DeleteResponse response;
  response.set_pid(static_cast<std::uint32_t>(
      context.sandbox.pid_of(*context.sandbox.process(request.id(), request.exec_id()))));
  const sandbox::ExitRecord exit = co_await context.sandbox.remove(request.id(), request.exec_id());
  response.set_exit_status(exit.status);
  set_time(*response.mutable_exited_at(), exit.at);
  co_return response;
}

awaitable<task::PidsResponse> pids(ServiceContext& context, task::PidsRequest request) {
  const sandbox::Container& container = context.sandbox.container(request.id());
  task::PidsResponse response;
  if (container.init->status != sandbox::ProcessStatus::stopped) {
    response.add_processes()->set_pid(
        static_cast<std::uint32_t>(context.sandbox.pid_of(*container.init)));
  }
  for (const auto& [id, exec] : container.execs) {
    if (exec->status == sandbox::ProcessStatus::running && exec->host_pid > 0) {
      response.add_processes()->set_pid(static_cast<std::uint32_t>(exec->host_pid));
    }
  }
  co_return response;
}

awaitable<Empty> pause(ServiceContext& context, task::PauseRequest request) {
  co_await context.sandbox.pause(request.id());
  co_return Empty{};
}

awaitable<Empty> resume(ServiceContext& context, task::ResumeRequest request) {
  co_await context.sandbox.resume(request.id());
  co_return Empty{};
}

awaitable<Empty> kill(ServiceContext& context, task::KillRequest request) {
  co_await context.sandbox.kill(request.id(), request.exec_id(), static_cast<int>(request.signal()),
                                request.all());
  co_return Empty{};
}

awaitable<Empty> exec(ServiceContext& context, task::ExecProcessRequest request) {
  sandbox::ExecRequest exec_request{
      .container_id = request.id(),
      .exec_id = request.exec_id(),
      .process = oci::parse_process(request.spec().value(), "the exec's process"),
      .terminal = request.terminal(),
      .stdin_path = request.stdin(),
      .stdout_path = request.stdout(),
      .stderr_path = request.stderr(),
      .fds = open_stdio(context.handoff, request.stdin(), request.stdout(), request.stderr(),
                        request.terminal()),
  };
  oci::validate_process(exec_request.process);
  context.sandbox.add_exec(std::move(exec_request));
  co_return Empty{};
}

awaitable<Empty> resize(ServiceContext& context, task::ResizePtyRequest request) {
  co_await context.sandbox.resize(request.id(), request.exec_id(), request.height(),
                                  request.width());
  co_return Empty{};
}

awaitable<Empty> close_io(ServiceContext& context, task::CloseIORequest request) {
  if (request.stdin()) context.sandbox.close_stdin(request.id(), request.exec_id());
  co_return Empty{};
}

awaitable<Empty> update(ServiceContext& context, task::UpdateTaskRequest request) {
  grpc::LinuxResources resources =
      oci::parse_resources(request.resources().value(), "the new resources");
  co_await context.sandbox.update(request.id(), std::move(resources));
  co_return Empty{};
}

awaitable<task::WaitResponse> wait(ServiceContext& context, task::WaitRequest request) {
  const sandbox::ExitRecord exit = co_await context.sandbox.wait(request.id(), request.exec_id());
  task::WaitResponse response;
  response.set_exit_status(exit.status);
  set_time(*response.mutable_exited_at(), exit.at);
  co_return response;
}

awaitable<task::ConnectResponse> connect(ServiceContext& context, task::ConnectRequest request) {
  task::ConnectResponse response;
  response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
  response.set_task_pid(static_cast<std::uint32_t>(
      context.sandbox.pid_of(*context.sandbox.process(request.id(), ""))));
  response.set_version("v2");
  co_return response;
}

awaitable<Empty> shut_down(ServiceContext& context, task::ShutdownRequest request) {
  // containerd asks after each container; the sandbox goes with its last one.
  if (context.sandbox.empty() || request.now()) {
    co_await context.sandbox.shut_down();
    context.end_soon();
  }
  co_return Empty{};
}

awaitable<Empty> checkpoint(ServiceContext&, task::CheckpointTaskRequest request) {
  throw_error(Code::unimplemented,
              "checkpoint of {}: a virtual machine's container cannot be checkpointed by CRIU",
              request.id());
  co_return Empty{};
}

}  // namespace

void add_task_service(wire::Server& server, ServiceContext& context) {
  // GCC 12: a coroutine lambda's captures would die with the lambda, so each is a plain function
  // that takes the context.
  const auto add = [&]<typename Request, typename Response>(
                       std::string_view method,
                       awaitable<Response> (*function)(ServiceContext&, Request)) {
    server.on<Request, Response>(
        "containerd.task.v2.Task", method,
        [&context, function](Request request) { return function(context, std::move(request)); });
  };
  add("State", &state);
  add("Create", &create);
  add("Start", &start);
  add("Delete", &remove);
  add("Pids", &pids);
  add("Pause", &pause);
  add("Resume", &resume);
  add("Checkpoint", &checkpoint);
  add("Kill", &kill);
  add("Exec", &exec);
  add("ResizePty", &resize);
  add("CloseIO", &close_io);
  add("Update", &update);
  add("Wait", &wait);
  add("Connect", &connect);
  add("Shutdown", &shut_down);
}

}  // namespace kata::shim
