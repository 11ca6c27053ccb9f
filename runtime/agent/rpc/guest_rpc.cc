// SPDX-License-Identifier: Apache-2.0
#include "guest.pb.h"
#include "runtime/agent/machine/process_list.h"
#include "runtime/agent/rpc/services.h"

namespace kata::agent {
namespace {

using wire::Empty;
namespace guest = kata::guest;

/// A protobuf string must be UTF-8, a program's arguments need not.
std::string printable_text(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) >= 0x7f) c = '?';
  }
  return text;
}

guest::ListProcessesResponse list_processes(Sandbox& sandbox,
                                            const guest::ListProcessesRequest& request) {
  constexpr int kMost = 10000;  // stays within one frame
  guest::ListProcessesResponse response;
  const Container& container = *sandbox.container(request.container_id()).container;
  response.set_init_pid(container.init().pid);
  for (const pid_t pid : container.pids()) {
    std::optional<ProcessFacts> facts = read_process(pid);
    if (!facts || response.processes_size() >= kMost) continue;
    guest::GuestProcess& process = *response.add_processes();
    process.set_pid(facts->pid);
    process.set_ppid(facts->parent);
    process.set_uid(facts->uid);
    process.set_tty(facts->tty);
    process.set_state(facts->state);
    process.set_start_seconds(facts->start_seconds);
    process.set_cpu_milliseconds(facts->cpu_milliseconds);
    process.set_command(printable_text(std::move(facts->command)));
    process.set_container_pid(facts->container_pid);
    process.set_name(printable_text(std::move(facts->name)));
    process.set_resident_kib(facts->resident_kib);
    process.set_virtual_kib(facts->virtual_kib);
  }
  return response;
}

asio::awaitable<guest::DnsQuery> next_query(Sandbox& sandbox) {
  DnsProxy::Query query = co_await sandbox.dns().next_query();
  guest::DnsQuery message;
  message.set_id(query.id);
  message.set_tcp(query.tcp);
  message.set_message(std::move(query.message));
  co_return message;
}

}  // namespace

void add_guest_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on_now<guest::ListProcessesRequest, guest::ListProcessesResponse>(
      kGuestService, "ListProcesses",
      [&sandbox](const auto& request) { return list_processes(sandbox, request); });
  server.on_now<guest::ParkInterfaceRequest, Empty>(
      kGuestService, "ParkInterface", [&sandbox](const auto& request) {
        // One that is not there is as good as put aside.
        sandbox.parked_interfaces().put(network::parse_mac(request.hw_addr()));
        return Empty{};
      });
  server.on_now<guest::StartDnsProxyRequest, Empty>(kGuestService, "StartDnsProxy",
                                                    [&sandbox](const auto& request) {
                                                      sandbox.dns().start(request.address());
                                                      return Empty{};
                                                    });
  server.on<guest::NextDnsQueryRequest, guest::DnsQuery>(
      kGuestService, "NextDnsQuery", [&sandbox](auto) { return next_query(sandbox); });
  server.on_now<guest::DnsAnswer, Empty>(kGuestService, "AnswerDns",
                                         [&sandbox](const auto& request) {
                                           sandbox.dns().answer(request.id(), request.message());
                                           return Empty{};
                                         });
}

}  // namespace kata::agent
