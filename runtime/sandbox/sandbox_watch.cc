// SPDX-License-Identifier: Apache-2.0
//
// What happens without being asked for: processes end, relays are killed, the guest runs out of
// memory, the machine dies.
#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/hypervisor/boot_failure.h"
#include "runtime/network/host_endpoint.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/sandbox_network.h"

namespace kata::sandbox {
namespace {

/// An exec whose grandchildren keep its output open is reported as ended all the same.
constexpr std::chrono::milliseconds kExitWaitsForOutput{1000};
/// An agent that tells of one event after the other must not keep the host busy with them.
constexpr std::chrono::milliseconds kMemoryEventGap{100};
constexpr std::chrono::milliseconds kLastWords{1000};
constexpr std::chrono::seconds kClockGap{60};

}  // namespace

asio::awaitable<void> Sandbox::watch_process(std::string container_id,
                                             std::shared_ptr<Process> process) {
  std::uint32_t status = 128 + SIGKILL;  // what a process without a machine ended with
  try {
    grpc::WaitProcessRequest request;
    request.set_container_id(container_id);
    request.set_exec_id(guest_name(container_id, *process));
    const auto response = co_await agent_->call<grpc::WaitProcessResponse>(
        "WaitProcess", std::move(request), wire::kNoDeadline);
    status = static_cast<std::uint32_t>(response.status()) & 0xff;
  } catch (const Error& error) {
    log::warn("process lost container={} exec={} error=\"{}\"", container_id, process->exec_id,
              error.what());
  }
  process->pump->end_stdin();
  co_await process->pump->drained(kExitWaitsForOutput);
  mark_exited(container_id, *process, status);
  if (process->exec_id.empty()) co_await end_idle_machine(container_id);
}

/// Nothing will ever run again in a machine whose only container has ended. The engine takes its
/// time until it says so, and the machine ends meanwhile.
asio::awaitable<void> Sandbox::end_idle_machine(std::string container_id) {
  const auto is_idle = [&] {
    if (ended_ || containers_.size() != 1 || !containers_.contains(container_id)) return false;
    const auto& execs = containers_.at(container_id)->execs;
    return std::all_of(execs.begin(), execs.end(), [](const auto& exec) {
      return exec.second->status == ProcessStatus::stopped;
    });
  };
  if (!is_idle()) co_return;
  // What the guest saw before the end, above all that it ran out of memory, it tells before it
  // answers this.
  try {
    co_await agent_->check(kLastWords);
  } catch (const Error& error) {
    log::debug("no last words of the guest error=\"{}\"", error.what());
  }
  if (!is_idle()) co_return;  // another container may have come
  ended_ = true;
  if (clock_timer_) clock_timer_->cancel();
  if (network_ && network_->follower) network_->follower->stop();
  agent_->close("the container has ended, and its machine with it");
  co_await vm_->stop(kQuitGrace);
}

void Sandbox::mark_exited(const std::string& container_id, Process& process, std::uint32_t status) {
  if (process.status == ProcessStatus::stopped) return;
  process.status = ProcessStatus::stopped;
  process.exit = {.status = status, .at = std::chrono::system_clock::now()};
  process.fds = StdioFds();
  log::info("process ended container={} exec={} status={}", container_id, process.exec_id, status);
  process.exited.set();
  emit({.kind = Event::Kind::exit,
        .container_id = container_id,
        .exec_id = process.exec_id,
        .pid = static_cast<std::uint32_t>(pid_of(process)),
        .exit = process.exit});
}

asio::awaitable<void> Sandbox::watch_relay(std::string container_id,
                                           std::shared_ptr<Process> process) {
  asio::posix::stream_descriptor pidfd(io_, process->relay_pidfd.duplicate().release());
  std::error_code error;
  co_await pidfd.async_wait(asio::posix::stream_descriptor::wait_read,
                            asio::redirect_error(asio::use_awaitable, error));
  if (error || process->status == ProcessStatus::stopped || !containers_.contains(container_id))
    co_return;
  log::info("the process that stands for it on the host was killed container={} exec={}",
            container_id, process->exec_id);
  try {
    co_await kill(container_id, process->exec_id, SIGKILL, false);
  } catch (const Error& failure) {
    log::warn("kill after the relay's end container={} error=\"{}\"", container_id, failure.what());
  }
}

asio::awaitable<void> Sandbox::watch_kill(std::string container_id,
                                          std::shared_ptr<Process> process) {
  // GCC 12 miscompiles a co_await in the condition of an early co_return.
  const bool has_ended = co_await process->exited.wait_for(options_.kill_grace);
  if (!has_ended) {
    // The engine must be able to go on: it deletes the container, and the machine ends with it.
    log::error("the guest does not end what was killed container={} exec={}", container_id,
               process->exec_id);
    process->pump->abandon();
    mark_exited(container_id, *process, 128 + SIGKILL);
  }
}

asio::awaitable<void> Sandbox::watch_machine() {
  const int status = co_await vm_->wait_exit();
  if (ended_) co_return;
  const std::string tail = vm_->console_tail();
  const std::string cause = hypervisor::find_guest_failure(tail, config_.hypervisor);
  machine_ended(fmt::format("the virtual machine has ended (status {}) {}{}{}{}{}", status,
                            vm_->end_reason(), cause.empty() ? "" : ": ", cause,
                            tail.empty() ? "" : "; last lines of its console:\n", tail));
}

void Sandbox::machine_ended(const std::string& why) {
  ended_ = true;
  log::error("{}", why);
  if (clock_timer_) clock_timer_->cancel();
  if (network_ && network_->follower) network_->follower->stop();
  if (agent_) agent_->close(why);
  for (const auto& [id, container] : containers_) {
    for (const auto& [exec_id, exec] : container->execs) mark_exited(id, *exec, 128 + SIGKILL);
    if (booted_) mark_exited(id, *container->init, 128 + SIGKILL);
  }
}

asio::awaitable<void> Sandbox::watch_memory() {
  asio::steady_timer gap(io_);
  try {
    while (!ended_) {
      const auto event = co_await agent_->call<grpc::OOMEvent>(
          "GetOOMEvent", grpc::GetOOMEventRequest{}, wire::kNoDeadline);
      // Only of containers that there are, and one line each: the log is in the host's memory.
      if (const auto it = containers_.find(event.container_id()); it != containers_.end()) {
        if (!std::exchange(it->second->ran_out_of_memory, true))
          log::warn("out of memory container={}", it->first);
        emit({.kind = Event::Kind::oom, .container_id = it->first, .exec_id = ""});
      }
      gap.expires_after(kMemoryEventGap);
      co_await gap.async_wait(asio::use_awaitable);
    }
  } catch (const Error& error) {
    log::debug("no more memory events error=\"{}\"", error.what());
  }
}

/// The guest's clock drifts away from the host's, and stands still while the host sleeps.
asio::awaitable<void> Sandbox::keep_guest_clock() {
  const auto timer = clock_timer_;
  while (!ended_) {
    timer->expires_after(kClockGap);
    std::error_code stopped;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    if (stopped || ended_) co_return;
    try {
      co_await set_guest_clock();
    } catch (const Error& error) {
      log::debug("the guest was not told the time error=\"{}\"", error.what());
    }
  }
}

asio::awaitable<void> Sandbox::shut_down() {
  ended_ = true;
  if (clock_timer_) clock_timer_->cancel();
  if (network_ && network_->follower) network_->follower->stop();
  if (agent_) agent_->close("the sandbox is shut down");
  if (vm_) {
    co_await vm_->stop(kQuitGrace);
  }
  if (network_ && network_->space) {
    ignore_error([&] { network::disconnect_endpoints(network_->space.get()); },
                 "taps end with their descriptors");
  }
  network_.reset();
  shared_.reset();
}

}  // namespace kata::sandbox
