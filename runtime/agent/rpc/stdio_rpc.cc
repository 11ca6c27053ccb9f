// SPDX-License-Identifier: Apache-2.0
#include "agent.pb.h"
#include "runtime/agent/rpc/services.h"

namespace kata::agent {
namespace {

using wire::Empty;

/// grpc.ReadStreamResponse: its one field are the bytes.
asio::awaitable<wire::BytesAnswer> read_stream(Sandbox& sandbox, grpc::ReadStreamRequest request,
                                               bool is_error) {
  static_assert(grpc::ReadStreamResponse::kDataFieldNumber == 1);
  // Held over the wait: the container may be removed meanwhile.
  const std::shared_ptr<Process> process =
      sandbox.process(request.container_id(), request.exec_id());
  // A terminal has one output, and this one has ended.
  if (is_error && process->has_console()) co_return wire::BytesAnswer();
  Stream& stream = is_error ? process->error_output() : process->output();
  wire::BytesAnswer answer = co_await stream.take(request.len());
  co_return answer;
}

asio::awaitable<grpc::WriteStreamResponse> write_stdin(Sandbox& sandbox,
                                                       grpc::WriteStreamRequest request) {
  const std::shared_ptr<Process> process =
      sandbox.process(request.container_id(), request.exec_id());
  const std::size_t taken = co_await process->input().write(std::move(*request.mutable_data()));
  grpc::WriteStreamResponse response;
  response.set_len(static_cast<std::uint32_t>(taken));
  co_return response;
}

}  // namespace

void add_stdio_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on_bytes<grpc::ReadStreamRequest>(kAgentService, "ReadStdout", [&sandbox](auto request) {
    return read_stream(sandbox, std::move(request), false);
  });
  server.on_bytes<grpc::ReadStreamRequest>(kAgentService, "ReadStderr", [&sandbox](auto request) {
    return read_stream(sandbox, std::move(request), true);
  });
  server.on<grpc::WriteStreamRequest, grpc::WriteStreamResponse>(
      kAgentService, "WriteStdin",
      [&sandbox](auto request) { return write_stdin(sandbox, std::move(request)); });
  server.on_now<grpc::CloseStdinRequest, Empty>(
      kAgentService, "CloseStdin", [&sandbox](const auto& request) {
        const auto process = sandbox.process(request.container_id(), request.exec_id());
        if (process->has_input()) process->input().close_input();
        return Empty{};
      });
  server.on_now<grpc::TtyWinResizeRequest, Empty>(
      kAgentService, "TtyWinResize", [&sandbox](const auto& request) {
        sandbox.process(request.container_id(), request.exec_id())
            ->console()
            .resize(request.row(), request.column());
        return Empty{};
      });
}

}  // namespace kata::agent
