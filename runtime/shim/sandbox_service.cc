// SPDX-License-Identifier: Apache-2.0
#include "runtime/shim/sandbox_service.h"

#include <sstream>

#include "runtime/base/error.h"
#include "sandbox.pb.h"

namespace kata::shim {
namespace {

using asio::awaitable;
using wire::Empty;
namespace proto = kata::sandbox;

awaitable<Empty> attach_relay(ServiceContext& context, proto::AttachRelayRequest request) {
  const auto pid = static_cast<pid_t>(request.pid());
  bool known = true;
  try {
    (void)context.sandbox.process(request.id(), request.exec_id());
  } catch (const Error&) {
    known = false;
  }
  if (known) {
    context.sandbox.attach_relay(request.id(), request.exec_id(), pid);
  } else {
    context.early_relays[{request.id(), request.exec_id()}] = pid;
  }
  co_return Empty{};
}

awaitable<grpc::StatsContainerResponse> stats(ServiceContext& context,
                                              proto::ContainerRequest request) {
  return context.sandbox.stats(request.id());
}

awaitable<proto::ProcessesResponse> processes(ServiceContext& context,
                                              proto::ContainerRequest request) {
  proto::ProcessesResponse response;
  auto guest = co_await context.sandbox.processes(request.id());
  response.mutable_processes()->Swap(guest.mutable_processes());
  const proto::Container& container = context.sandbox.container(request.id());
  response.add_host_pids(static_cast<std::uint32_t>(context.sandbox.pid_of(*container.init)));
  for (const auto& [id, exec] : container.execs) {
    if (exec->status == proto::ProcessStatus::running && exec->host_pid > 0) {
      response.add_host_pids(static_cast<std::uint32_t>(exec->host_pid));
    }
  }
  co_return response;
}

awaitable<proto::StatusResponse> status(ServiceContext& context, proto::StatusRequest) {
  proto::StatusResponse response;
  response.set_hypervisor_pid(static_cast<std::uint32_t>(context.sandbox.hypervisor_pid()));
  for (const pid_t pid : context.sandbox.helper_pids())
    response.add_virtiofsd_pids(static_cast<std::uint32_t>(pid));
  std::istringstream words(context.sandbox.description());
  std::string accelerator;
  std::string machine;
  std::string shared_fs;
  words >> accelerator >> machine >> shared_fs;
  response.set_accelerator(accelerator);
  response.set_machine(machine);
  response.set_shared_fs(shared_fs);
  co_return response;
}

awaitable<proto::EventsResponse> next_event(ServiceContext& context, EventLog& events,
                                            proto::EventsRequest request) {
  (void)context.sandbox.container(request.id());
  const auto [number, type] = co_await events.next(request.id(), request.after());
  proto::EventsResponse response;
  response.set_sequence(number);
  response.set_type(type);
  co_return response;
}

}  // namespace

void EventLog::add(const std::string& container_id, std::string type) {
  entries_.push_back({++last_, container_id, std::move(type)});
  if (entries_.size() > kKept) entries_.erase(entries_.begin());
  if (changed_) changed_->set();
  changed_.reset();
}

asio::awaitable<std::pair<std::uint64_t, std::string>> EventLog::next(std::string container_id,
                                                                      std::uint64_t after) {
  for (;;) {
    for (const Entry& entry : entries_) {
      if (entry.number > after && entry.container_id == container_id) {
        co_return std::pair<std::uint64_t, std::string>(entry.number, entry.type);
      }
    }
    if (!changed_) changed_ = std::make_shared<sandbox::Latch>(io_.get_executor());
    const std::shared_ptr<sandbox::Latch> latch = changed_;
    co_await latch->wait();
  }
}

void add_sandbox_service(wire::Server& server, ServiceContext& context, EventLog& events) {
  const auto add = [&]<typename Request, typename Response>(
                       std::string_view method,
                       awaitable<Response> (*function)(ServiceContext&, Request)) {
    server.on<Request, Response>(
        "kata.sandbox.SandboxService", method,
        [&context, function](Request request) { return function(context, std::move(request)); });
  };
  add("AttachRelay", &attach_relay);
  add("Stats", &stats);
  add("Processes", &processes);
  add("Status", &status);
  server.on<proto::EventsRequest, proto::EventsResponse>(
      "kata.sandbox.SandboxService", "Events", [&context, &events](proto::EventsRequest request) {
        return next_event(context, events, std::move(request));
      });
}

}  // namespace kata::shim
