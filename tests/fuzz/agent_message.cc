// SPDX-License-Identifier: Apache-2.0
//
// Answers of the agent, as a client of its connection gets them: the first byte chooses the call
// and whether the rest is its answer or the envelope around one. What the host makes of an answer
// (a table, JSON) must stay within what the answer is worth, and hold nothing that steers a
// terminal.
#include <google/protobuf/stubs/logging.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <string>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/cli/ps.h"
#include "runtime/cli/stats_json.h"
#include "runtime/sandbox/agent_client.h"
#include "ttrpc.pb.h"

using namespace kata;
using sandbox::AgentClient;

namespace {

constexpr std::size_t kLargestInput = 32U << 10;  // what a socket pair holds without a reader
constexpr std::int64_t kNow = 1700000000;

void check_text(std::string_view text) {
  const auto steers = [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || c == '\x7f';
  };
  if (std::any_of(text.begin(), text.end(), steers)) __builtin_trap();
}

void check_processes(kata::guest::ListProcessesResponse answer, std::size_t input) {
  kata::sandbox::ProcessesResponse processes;
  processes.mutable_processes()->Swap(answer.mutable_processes());
  const std::string table = cli::process_table(processes, cli::ps_columns({"aux"}), kNow);
  check_text(table);
  // Two bytes make a process, which is a row of eight columns.
  constexpr std::size_t kWidestRow = 1024;
  if (table.size() > kWidestRow * (input + 1)) __builtin_trap();
}

template <typename Response, typename Request>
asio::awaitable<void> ask(AgentClient& agent, std::string method, Request request) {
  (void)co_await agent.call<Response>(std::move(method), std::move(request));
}

asio::awaitable<void> ask_stats(AgentClient& agent) {
  const auto stats = co_await agent.call<grpc::StatsContainerResponse>(
      "StatsContainer", grpc::StatsContainerRequest{});
  (void)parse_json(cli::stats_event_json("c1", stats), "stats");
}

asio::awaitable<void> ask_processes(AgentClient& agent, std::size_t input) {
  auto processes = co_await agent.call_guest<kata::guest::ListProcessesResponse>(
      "ListProcesses", kata::guest::ListProcessesRequest{});
  check_processes(std::move(processes), input);
}

asio::awaitable<void> ask_dns(AgentClient& agent) {
  (void)co_await agent.call_guest<kata::guest::DnsQuery>("NextDnsQuery",
                                                         kata::guest::NextDnsQueryRequest{});
}

asio::awaitable<void> one_call(AgentClient& agent, unsigned which, std::size_t input) {
  switch (which) {
    case 0:
      return ask<wire::Empty>(agent, "StartContainer", grpc::StartContainerRequest{});
    case 1:
      return ask<grpc::WaitProcessResponse>(agent, "WaitProcess", grpc::WaitProcessRequest{});
    case 2:
      return ask<grpc::ReadStreamResponse>(agent, "ReadStdout", grpc::ReadStreamRequest{});
    case 3:
      return ask<grpc::WriteStreamResponse>(agent, "WriteStdin", grpc::WriteStreamRequest{});
    case 4:
      return ask<grpc::OOMEvent>(agent, "GetOOMEvent", grpc::GetOOMEventRequest{});
    case 5:
      return ask<types::Interface>(agent, "UpdateInterface", grpc::UpdateInterfaceRequest{});
    case 6:
      return ask<grpc::Routes>(agent, "UpdateRoutes", grpc::UpdateRoutesRequest{});
    case 7:
      return ask_dns(agent);
    case 8:
      return ask_processes(agent, input);
    default:
      return ask_stats(agent);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);  // it tells of every byte that is no UTF-8
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kLargestInput) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 0x80) == 0) {
    kata::ttrpc::Response envelope;
    envelope.set_payload(std::move(bytes));
    bytes = envelope.SerializeAsString();
  }
  asio::io_context io;
  auto [host, guest] = make_socket_pair(SOCK_STREAM);
  AgentClient agent(io.get_executor(), std::move(host));
  bool done = false;
  asio::co_spawn(io, one_call(agent, data[0] & 0x0fU, size), [&](const std::exception_ptr& failed) {
    done = true;
    try {
      if (failed) std::rethrow_exception(failed);
    } catch (const Error& error) {  // the only way to refuse it
      check_text(error.what());
    }
  });
  io.poll();
  write_all(guest.get(), wire::encode_frame(1, wire::FrameType::response, bytes));
  io.poll();
  if (!done) __builtin_trap();
  agent.close("the input has ended");
  io.poll();
  return 0;
}
