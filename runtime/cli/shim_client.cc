// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/shim_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "agent.pb.h"
#include "runtime/base/path.h"
#include "runtime/wire/ttrpc/client.h"
#include "sandbox.pb.h"
#include "task.pb.h"

namespace kata::cli {
namespace {

namespace task = containerd::task::v2;
using std::chrono::milliseconds;
using wire::Empty;

constexpr std::string_view kTask = "containerd.task.v2.Task";
constexpr std::string_view kSandbox = "kata.sandbox.SandboxService";
constexpr milliseconds kShort =
    std::chrono::seconds(10);  // what the sandbox process answers by itself
constexpr milliseconds kGuest =
    std::chrono::seconds(60);  // what the agent has to do, under emulation too
constexpr milliseconds kBoot =
    std::chrono::seconds(120);  // a virtual machine and a container in it

constexpr const char* kProcessType = "types.containerd.io/opencontainers/runtime-spec/1/Process";
constexpr const char* kResourcesType =
    "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

oci::Status status_of(containerd::v1::types::Status status) {
  switch (status) {
    case containerd::v1::types::CREATED:
      return oci::Status::created;
    case containerd::v1::types::RUNNING:
      return oci::Status::running;
    case containerd::v1::types::PAUSED:
    case containerd::v1::types::PAUSING:
      return oci::Status::paused;
    default:
      return oci::Status::stopped;
  }
}

template <typename Request>
Request named(const ProcessName& process) {
  Request request;
  request.set_id(process.id);
  request.set_exec_id(process.exec_id);
  return request;
}

}  // namespace

struct ShimClient::Impl {
  explicit Impl(UniqueFd fd) : client(std::move(fd)) {}

  /// As BlockingClient::call, and ends early when the interrupt says so.
  template <typename Response, typename Request>
  Response call(std::string_view service, std::string_view method, const Request& request,
                milliseconds deadline) {
    const std::uint32_t id = client.send(service, method, request.SerializeAsString());
    if (interrupt == nullptr) return decode<Response>(client.receive(id, deadline));
    const auto end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
      const auto left =
          std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) {
        throw_error(Code::deadline_exceeded, "no answer of the sandbox process to {} within {} s",
                    method, deadline.count() / 1000);
      }
      pollfd polls[2] = {{client.fd(), POLLIN, 0}, {interrupt->fd(), POLLIN, 0}};
      if (::poll(polls, 2, static_cast<int>(left.count())) < 0 && errno != EINTR) {
        throw_errno(errno, "wait for the sandbox process");
      }
      if (polls[1].revents != 0) interrupt->check();
      if (polls[0].revents == 0) continue;
      if (std::optional<std::string> answer = client.receive_ready(id))
        return decode<Response>(*answer);
    }
  }

  template <typename Response>
  static Response decode(const std::string& payload) {
    return wire::BlockingClient::decode<Response>(payload);
  }

  wire::BlockingClient client;
  const Interrupt* interrupt = nullptr;
  std::uint32_t wait_id = 0;
};

ShimClient::ShimClient(const std::string& sandbox_dir)
    : impl_(
          std::make_unique<Impl>(connect_unix(join_path(sandbox_dir, "shim.sock"), SOCK_STREAM))) {}
ShimClient::ShimClient(ShimClient&&) noexcept = default;
ShimClient::~ShimClient() = default;

void ShimClient::end_calls_on(const Interrupt& interrupt) { impl_->interrupt = &interrupt; }

void ShimClient::attach_relay(const ProcessName& process, pid_t pid) {
  auto request = named<kata::sandbox::AttachRelayRequest>(process);
  request.set_pid(static_cast<std::uint32_t>(pid));
  impl_->call<Empty>(kSandbox, "AttachRelay", request, kShort);
}

void ShimClient::create(const std::string& id, const std::string& bundle, bool terminal,
                        const std::string& token) {
  task::CreateTaskRequest request;
  request.set_id(id);
  request.set_bundle(bundle);
  request.set_terminal(terminal);
  request.set_stdin("handoff://" + token);
  impl_->call<task::CreateTaskResponse>(kTask, "Create", request, kBoot);
}

void ShimClient::exec(const ProcessName& process, bool terminal, const std::string& token,
                      const std::string& process_json) {
  auto request = named<task::ExecProcessRequest>(process);
  request.set_terminal(terminal);
  request.set_stdin("handoff://" + token);
  request.mutable_spec()->set_type_url(kProcessType);
  request.mutable_spec()->set_value(process_json);
  impl_->call<Empty>(kTask, "Exec", request, kShort);
}

void ShimClient::start(const ProcessName& process) {
  impl_->call<task::StartResponse>(kTask, "Start", named<task::StartRequest>(process), kGuest);
}

oci::Status ShimClient::state(const std::string& id) {
  const auto response =
      impl_->call<task::StateResponse>(kTask, "State", named<task::StateRequest>({id, ""}), kShort);
  return status_of(response.status());
}

void ShimClient::kill(const ProcessName& process, int signal, bool all) {
  auto request = named<task::KillRequest>(process);
  request.set_signal(static_cast<std::uint32_t>(signal));
  request.set_all(all);
  impl_->call<Empty>(kTask, "Kill", request, kGuest);
}

std::optional<int> ShimClient::wait(const ProcessName& process, milliseconds limit) {
  try {
    const auto response =
        impl_->call<task::WaitResponse>(kTask, "Wait", named<task::WaitRequest>(process), limit);
    return static_cast<int>(response.exit_status());
  } catch (const Error& error) {
    if (error.code() == Code::deadline_exceeded) return std::nullopt;
    throw;
  }
}

void ShimClient::remove(const ProcessName& process) {
  impl_->call<task::DeleteResponse>(kTask, "Delete", named<task::DeleteRequest>(process), kGuest);
}

void ShimClient::shut_down(const std::string& id) {
  task::ShutdownRequest request;
  request.set_id(id);
  request.set_now(true);
  impl_->call<Empty>(kTask, "Shutdown", request, kShort);
}

void ShimClient::pause(const std::string& id) {
  task::PauseRequest request;
  request.set_id(id);
  impl_->call<Empty>(kTask, "Pause", request, kGuest);
}

void ShimClient::resume(const std::string& id) {
  task::ResumeRequest request;
  request.set_id(id);
  impl_->call<Empty>(kTask, "Resume", request, kGuest);
}

void ShimClient::update(const std::string& id, const std::string& resources_json) {
  task::UpdateTaskRequest request;
  request.set_id(id);
  request.mutable_resources()->set_type_url(kResourcesType);
  request.mutable_resources()->set_value(resources_json);
  impl_->call<Empty>(kTask, "Update", request, kGuest);
}

kata::sandbox::ProcessesResponse ShimClient::processes(const std::string& id) {
  kata::sandbox::ContainerRequest request;
  request.set_id(id);
  return impl_->call<kata::sandbox::ProcessesResponse>(kSandbox, "Processes", request, kGuest);
}

grpc::StatsContainerResponse ShimClient::stats(const std::string& id) {
  kata::sandbox::ContainerRequest request;
  request.set_id(id);
  return impl_->call<grpc::StatsContainerResponse>(kSandbox, "Stats", request, kGuest);
}

std::optional<SandboxEvent> ShimClient::next_event(const std::string& id, std::uint64_t after,
                                                   milliseconds limit) {
  kata::sandbox::EventsRequest request;
  request.set_id(id);
  request.set_after(after);
  try {
    const auto response =
        impl_->call<kata::sandbox::EventsResponse>(kSandbox, "Events", request, limit);
    return SandboxEvent{response.sequence(), response.type()};
  } catch (const Error& error) {
    if (error.code() == Code::deadline_exceeded) return std::nullopt;
    throw;
  }
}

void ShimClient::begin_wait(const ProcessName& process) {
  impl_->wait_id =
      impl_->client.send(kTask, "Wait", named<task::WaitRequest>(process).SerializeAsString());
}

std::optional<int> ShimClient::exit_status_if_there() {
  const std::optional<std::string> answer = impl_->client.receive_ready(impl_->wait_id);
  if (!answer) return std::nullopt;
  return static_cast<int>(Impl::decode<task::WaitResponse>(*answer).exit_status());
}

void ShimClient::post_signal(const ProcessName& process, int signal) {
  auto request = named<task::KillRequest>(process);
  request.set_signal(static_cast<std::uint32_t>(signal));
  impl_->client.send(kTask, "Kill", request.SerializeAsString());
}

void ShimClient::post_window_size(const ProcessName& process, unsigned rows, unsigned columns) {
  auto request = named<task::ResizePtyRequest>(process);
  request.set_height(rows);
  request.set_width(columns);
  impl_->client.send(kTask, "ResizePty", request.SerializeAsString());
}

int ShimClient::fd() const { return impl_->client.fd(); }

}  // namespace kata::cli
