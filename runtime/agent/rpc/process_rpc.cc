// SPDX-License-Identifier: Apache-2.0
#include "agent.pb.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/base/log.h"

namespace kata::agent {
namespace {

using wire::Empty;

constexpr unsigned kLastSignal = 64;  // SIGRTMAX, see signal(7)

Empty exec_process(Sandbox& sandbox, const grpc::ExecProcessRequest& request) {
  ContainerEntry& entry = sandbox.container(request.container_id());
  sandbox.check_exec_id(entry, request.exec_id());
  if (!request.has_process())
    throw_error(Code::invalid_argument, "process {} is not described", request.exec_id());
  StartedProcess started = entry.container->exec(
      request.process(), request.has_string_user() ? &request.string_user() : nullptr);
  sandbox.add_exec(entry, request.exec_id(), std::move(started));
  return {};
}

/// As runc does, every signal goes as it is: a PID 1 without a handler ignores SIGTERM, and the
/// engine's SIGKILL follows.
Empty signal_process(Sandbox& sandbox, const grpc::SignalProcessRequest& request) {
  if (request.signal() > kLastSignal)
    throw_error(Code::invalid_argument, "no signal {}", request.signal());
  const int number = static_cast<int>(request.signal());
  if (request.exec_id().empty()) {
    sandbox.container(request.container_id()).container->signal_all(number);
  } else {
    sandbox.process(request.container_id(), request.exec_id())->signal(number);
  }
  return {};
}

asio::awaitable<grpc::WaitProcessResponse> wait_process(Sandbox& sandbox,
                                                        grpc::WaitProcessRequest request) {
  const std::shared_ptr<Process> process =
      sandbox.process(request.container_id(), request.exec_id());
  const int status = co_await process->wait();
  grpc::WaitProcessResponse response;
  response.set_status(status);
  co_return response;
}

}  // namespace

void add_process_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on_now<grpc::ExecProcessRequest, Empty>(
      kAgentService, "ExecProcess",
      [&sandbox](const auto& request) { return exec_process(sandbox, request); });
  server.on_now<grpc::SignalProcessRequest, Empty>(
      kAgentService, "SignalProcess",
      [&sandbox](const auto& request) { return signal_process(sandbox, request); });
  server.on<grpc::WaitProcessRequest, grpc::WaitProcessResponse>(
      kAgentService, "WaitProcess",
      [&sandbox](auto request) { return wait_process(sandbox, std::move(request)); });
}

}  // namespace kata::agent
