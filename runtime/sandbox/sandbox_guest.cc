// SPDX-License-Identifier: Apache-2.0
//
// The first calls to a guest that has booted, and its network from then on.
#include <sys/random.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/hypervisor/boot_failure.h"
#include "runtime/network/wire_conversion.h"
#include "runtime/sandbox/dns_relay.h"
#include "runtime/sandbox/guest_modules.h"
#include "runtime/sandbox/guest_spec.h"
#include "runtime/sandbox/network_requests.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/sandbox_network.h"

namespace kata::sandbox {
namespace {

constexpr auto kEndReasonGrace = std::chrono::milliseconds(1000);
constexpr auto kEndReasonStep = std::chrono::milliseconds(10);

}  // namespace

/// A machine's connections close a moment before it is known how it ended.
asio::awaitable<void> Sandbox::wait_for_end_reason() {
  asio::steady_timer timer(io_);
  for (auto waited = std::chrono::milliseconds(0);
       vm_->end_reason().empty() && waited < kEndReasonGrace; waited += kEndReasonStep) {
    timer.expires_after(kEndReasonStep);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void Sandbox::throw_guest_silent(const std::string& failure, bool was_closed) const {
  const std::string tail = vm_->console_tail();
  const std::string end = vm_->end_reason();
  const std::string console =
      tail.empty() ? "; its console is empty" : "; last lines of its console:\n" + tail;
  const std::string why = hypervisor::explain_boot_failure(tail, config_.hypervisor);
  if (!end.empty()) {
    throw_error(Code::aborted, "the virtual machine ended before its agent answered ({}): {}{}",
                end, why, console);
  }
  if (was_closed) {
    throw_error(Code::aborted, "the guest's agent broke off the connection ({}): {}{}", failure,
                why, console);
  }
  throw_error(Code::deadline_exceeded,
              "the guest's agent did not answer within {} s ({}): {}; or raise dial_timeout in "
              "[agent.kata]{}",
              config_.agent.dial_timeout, failure, why, console);
}

asio::awaitable<UniqueFd> Sandbox::connect_agent() {
  UniqueFd connection;
  std::string failure;
  bool ended = false;
  try {
    connection = co_await vm_->connect_agent(std::chrono::seconds(config_.agent.dial_timeout));
  } catch (const Error& error) {
    failure = error.what();
    ended = error.code() == Code::unavailable;
    if (!ended && error.code() != Code::deadline_exceeded) throw;
  }
  if (ended) co_await wait_for_end_reason();
  if (!failure.empty()) throw_guest_silent(failure, ended);
  co_return connection;
}

asio::awaitable<void> Sandbox::set_up_guest(const Container& first) {
  grpc::CreateSandboxRequest request;
  request.set_sandbox_id(options_.id);
  request.set_hostname(first.bundle.spec.hostname());
  request.set_guest_hook_path(config_.hypervisor.guest_hook_path);
  add_kernel_modules(config_.agent.kernel_modules, request);
  if (network_->shared_fs != hypervisor::SharedFs::none) {
    grpc::Storage& storage = *request.add_storages();
    const bool virtio_fs = network_->shared_fs == hypervisor::SharedFs::virtio_fs;
    storage.set_driver(virtio_fs ? "virtio-fs" : "9p");
    storage.set_source(std::string(kShareTag));
    storage.set_fstype(virtio_fs ? "virtiofs" : "9p");
    storage.set_mount_point(std::string(kGuestShared));
    if (!virtio_fs) {
      for (const std::string& option :
           {std::string("trans=virtio"), std::string("version=9p2000.L"), std::string("cache=mmap"),
            fmt::format("msize={}", network_->msize)}) {
        storage.add_options(option);
      }
    }
  }
  const auto deadline = std::chrono::seconds(config_.agent.dial_timeout);
  std::string failure;
  bool closed = false;
  try {
    co_await agent_->call<wire::Empty>("CreateSandbox", std::move(request), deadline);
  } catch (const Error& error) {
    failure = error.what();
    closed = error.code() == Code::unavailable;
    if (error.code() != Code::deadline_exceeded && error.code() != Code::unavailable) throw;
  }
  if (closed) co_await wait_for_end_reason();
  if (!failure.empty()) throw_guest_silent(failure, closed);

  co_await set_guest_clock();

  constexpr std::size_t kEntropyBytes = 64;
  std::string entropy(kEntropyBytes, '\0');
  if (::getrandom(entropy.data(), entropy.size(), 0) == static_cast<ssize_t>(entropy.size())) {
    grpc::ReseedRandomDevRequest reseed;
    reseed.set_data(std::move(entropy));
    co_await agent_->call<wire::Empty>("ReseedRandomDev", std::move(reseed));
  }
  co_await set_up_guest_network();
}

asio::awaitable<void> Sandbox::set_guest_clock() {
  grpc::SetGuestDateTimeRequest clock;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  clock.set_sec(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  clock.set_usec(std::chrono::duration_cast<std::chrono::microseconds>(now).count() % 1000000);
  co_await agent_->call<wire::Empty>("SetGuestDateTime", std::move(clock));
}

asio::awaitable<void> Sandbox::set_up_guest_network() {
  for (const network::Endpoint& endpoint : network_->joined.endpoints) {
    grpc::UpdateInterfaceRequest request;
    *request.mutable_interface() = network::interface_to_proto(endpoint);
    if (network_->joined.took_spare)
      request.mutable_interface()->set_current_hw_addr(network_->spare_mac);
    co_await agent_->call<types::Interface>("UpdateInterface", std::move(request));
  }
  if (!network_->joined.config.routes.empty()) {
    co_await agent_->call<grpc::Routes>("UpdateRoutes", routes_request(network_->joined.config));
  }
  if (!network_->joined.config.neighbours.empty()) {
    co_await agent_->call<wire::Empty>("AddARPNeighbors",
                                       neighbours_request(network_->joined.config));
  }
}

/// The engine changes the namespace without a word to the runtime.
void Sandbox::follow_network() {
  relay_names();
  if (config_.runtime.internetworking_model == "none") return;
  try {
    network_->follower = std::make_shared<NetworkFollower>(
        io_.get_executor(), *vm_, agent_, network_->space.duplicate(), endpoint_options(config_),
        network_->joined);
  } catch (const Error& error) {
    log::warn("networks that are connected from now on do not reach the guest: {}", error.what());
    return;
  }
  network_->follower->on_change = [this] { relay_names(); };
  asio::co_spawn(io_, network_->follower->run(), asio::detached);
}

/// Docker's resolver is there as soon as one network is a user's.
void Sandbox::relay_names() {
  if (!network_ || network_->relays_names) return;
  for (const auto& [id, container] : containers_) {
    const std::string resolver = loopback_resolver(container->bundle.spec);
    if (resolver.empty()) continue;
    network_->relays_names = true;
    asio::co_spawn(io_, relay_dns(agent_, network_->space.duplicate(), resolver), asio::detached);
    return;
  }
}

}  // namespace kata::sandbox
