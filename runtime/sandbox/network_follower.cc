// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/network_follower.h"

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/network/change_monitor.h"
#include "runtime/network/wire_conversion.h"
#include "runtime/sandbox/network_requests.h"

namespace kata::sandbox {
namespace {

/// Out of the way of the container's start.
constexpr std::chrono::milliseconds kFirstLook{1000};
/// An engine names, addresses and routes an interface in several steps.
constexpr std::chrono::milliseconds kStepGap{50};
constexpr int kMostSteps = 20;

}  // namespace

NetworkFollower::Identity NetworkFollower::identity_of(const network::Endpoint& endpoint) {
  return {endpoint.index, endpoint.peer, endpoint.mac};
}

NetworkFollower::NetworkFollower(const asio::any_io_executor& executor, hypervisor::Vm& vm,
                                 std::shared_ptr<AgentClient> agent, UniqueFd network_namespace,
                                 network::EndpointOptions options,
                                 const network::SandboxNetwork& joined)
    : vm_(vm),
      agent_(std::move(agent)),
      space_(std::move(network_namespace)),
      options_(options),
      monitor_(executor, network::open_change_monitor(space_.get()).release()),
      timer_(executor),
      next_id_(joined.endpoints.size()),
      routes_told_(routes_request(joined.config).SerializeAsString()),
      neighbours_told_(neighbours_request(joined.config).SerializeAsString()) {
  for (const network::Endpoint& endpoint : joined.endpoints) {
    cards_[identity_of(endpoint)] = {
        .id = fmt::format("net{}", cards_.size()),
        .is_fixed = true,
        .guest_mac = endpoint.mac,
        .told = network::interface_to_proto(endpoint).SerializeAsString()};
  }
}

void NetworkFollower::stop() noexcept {
  stopped_ = true;
  std::error_code ignored;
  monitor_.close(ignored);
  timer_.cancel();
}

asio::awaitable<void> NetworkFollower::run() {
  const auto self = shared_from_this();
  std::error_code ignored;
  timer_.expires_after(kFirstLook);
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  bool goes_on = !stopped_;
  while (goes_on) {
    try {
      co_await pass_on();
    } catch (const Error& error) {
      if (!stopped_) log::warn("the guest may not have the engine's networks: {}", error.what());
    }
    goes_on = co_await wait_for_change();
    if (goes_on && on_change) on_change();
  }
}

/// False when it is time to stop.
asio::awaitable<bool> NetworkFollower::wait_for_change() {
  if (stopped_) co_return false;
  std::error_code failed;
  co_await monitor_.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, failed));
  bool changes = !stopped_ && !failed;
  for (int i = 0; changes && i < kMostSteps; ++i) {
    network::take_changes(monitor_.native_handle());
    timer_.expires_after(kStepGap);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    changes = !stopped_ && network::take_changes(monitor_.native_handle());
  }
  co_return !stopped_;
}

asio::awaitable<void> NetworkFollower::pass_on() {
  network::SandboxNetwork now = network::describe_endpoints(space_.get());
  std::set<Identity> present;
  for (const network::Endpoint& endpoint : now.endpoints) present.insert(identity_of(endpoint));
  std::vector<Identity> gone;
  for (const auto& [identity, card] : cards_) {
    if (!present.contains(identity)) gone.push_back(identity);
  }
  for (const Identity& identity : gone) {
    if (!stopped_) co_await take_away(identity);
  }
  std::erase_if(refused_, [&](const Identity& identity) { return !present.contains(identity); });
  for (network::Endpoint& endpoint : now.endpoints) {
    if (!stopped_) co_await follow(std::move(endpoint));
  }
  if (!stopped_) co_await tell_routes(std::move(now.config));
}

asio::awaitable<void> NetworkFollower::follow(network::Endpoint endpoint) {
  const Identity identity = identity_of(endpoint);
  if (refused_.contains(identity)) co_return;
  const auto known = cards_.find(identity);
  if (known == cards_.end()) {
    co_await plug(std::move(endpoint));
  } else {
    co_await tell(known->second, std::move(endpoint));
  }
}

asio::awaitable<void> NetworkFollower::take_away(Identity identity) {
  Card card = std::move(cards_.extract(identity).mapped());
  log::info("network interface has gone index={} device={}", identity.index, card.id);
  // There is room for another one now.
  refused_.clear();
  if (card.is_fixed) {
    co_await park(identity, std::move(card));
  } else {
    co_await unplug(identity, std::move(card.id));
  }
}

asio::awaitable<void> NetworkFollower::unplug(Identity identity, std::string id) {
  try {
    co_await vm_.remove_network(id);
  } catch (const Error& error) {
    if (!stopped_)
      log::warn("the guest keeps the card of an interface that has gone: {}", error.what());
  }
  ignore_error([&] { network::disconnect_endpoint(space_.get(), identity.index); },
               "the tap ends with its descriptor");
}

asio::awaitable<void> NetworkFollower::park(Identity identity, Card card) {
  IdleCard idle{.id = std::move(card.id), .tap = {}, .guest_mac = card.guest_mac};
  idle.tap = network::park_endpoint(space_.get(), identity.index, ++parked_);
  idle_.push_back(std::move(idle));
  kata::guest::ParkInterfaceRequest request;
  request.set_hw_addr(network::to_string(card.guest_mac));
  try {
    co_await agent_->call_guest<wire::Empty>("ParkInterface", std::move(request));
  } catch (const Error& error) {
    if (!stopped_) log::warn("the guest still shows an interface that has gone: {}", error.what());
  }
}

asio::awaitable<void> NetworkFollower::plug(network::Endpoint endpoint) {
  const Identity identity = identity_of(endpoint);
  const std::string name = endpoint.name;
  std::string failure;
  bool has_gone = false;
  try {
    if (idle_.empty()) {
      co_await add_card(identity);
    } else {
      reuse_card(endpoint);
    }
  } catch (const Error& error) {
    failure = error.what();
    has_gone = error.code() == Code::not_found;
  }
  if (failure.empty()) {
    log::info("network interface has come name={} device={}", name, cards_.at(identity).id);
    co_await tell(cards_.at(identity), std::move(endpoint));
  } else if (has_gone || stopped_) {
    log::debug("network interface was not there for long: {}", failure);
  } else {
    refused_.insert(identity);
    log::warn(
        "network interface {} stays out of the running machine: {}; a restart of the container "
        "brings it in",
        name, failure);
  }
}

void NetworkFollower::reuse_card(const network::Endpoint& endpoint) {
  const IdleCard idle = idle_.back();
  (void)network::connect_endpoint(space_.get(), endpoint.index, options_, idle.tap);
  idle_.pop_back();
  cards_[identity_of(endpoint)] = {
      .id = idle.id, .is_fixed = true, .guest_mac = idle.guest_mac, .told = {}};
}

asio::awaitable<void> NetworkFollower::add_card(Identity identity) {
  const int index = identity.index;
  const std::string id = fmt::format("net{}", next_id_++);
  network::Endpoint endpoint = network::connect_endpoint(space_.get(), index, options_);
  hypervisor::NetworkDevice device;
  device.id = id;
  device.mac = network::to_string(endpoint.mac);
  device.mtu = endpoint.mtu;
  device.tap_fds = std::move(endpoint.tap_fds);
  device.vhost_fds = std::move(endpoint.vhost_fds);
  std::exception_ptr failure;
  try {
    co_await vm_.add_network(std::move(device));
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    ignore_error([&] { network::disconnect_endpoint(space_.get(), index); }, "it may have gone");
    std::rethrow_exception(failure);
  }
  Card card;
  card.id = id;
  card.guest_mac = identity.mac;
  cards_[identity] = std::move(card);
}

asio::awaitable<void> NetworkFollower::tell(Card& card, network::Endpoint endpoint) {
  grpc::UpdateInterfaceRequest request;
  *request.mutable_interface() = network::interface_to_proto(endpoint);
  const std::string wanted = request.interface().SerializeAsString();
  if (card.told == wanted) co_return;
  // One that was put aside is asked for by its address, even when it stays the same.
  if (card.guest_mac != endpoint.mac || card.told.empty())
    request.mutable_interface()->set_current_hw_addr(network::to_string(card.guest_mac));
  card.told.clear();
  try {
    co_await agent_->call<types::Interface>("UpdateInterface", std::move(request));
    card.told = wanted;
    card.guest_mac = endpoint.mac;
  } catch (const Error& error) {
    if (!stopped_)
      log::warn("the guest does not set up network interface {}: {}", endpoint.name, error.what());
  }
}

asio::awaitable<void> NetworkFollower::tell_routes(network::NetworkConfig config) {
  grpc::UpdateRoutesRequest routes = routes_request(config);
  std::string wanted = routes.SerializeAsString();
  if (wanted != routes_told_) {
    co_await agent_->call<grpc::Routes>("UpdateRoutes", std::move(routes));
    routes_told_ = std::move(wanted);
  }
  grpc::AddARPNeighborsRequest neighbours = neighbours_request(config);
  wanted = neighbours.SerializeAsString();
  if (wanted != neighbours_told_ && !config.neighbours.empty()) {
    co_await agent_->call<wire::Empty>("AddARPNeighbors", std::move(neighbours));
    neighbours_told_ = std::move(wanted);
  }
}

}  // namespace kata::sandbox
