// SPDX-License-Identifier: Apache-2.0
//
// Follows what the engine does to the network namespace while the machine runs (`docker network
// connect` and `disconnect` tell no runtime): interfaces that appear become network cards of the
// machine, those that vanish are taken from it, addresses and routes are passed on.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/hypervisor/vm.h"
#include "runtime/network/host_endpoint.h"
#include "runtime/sandbox/agent_client.h"

namespace kata::sandbox {

class NetworkFollower : public std::enable_shared_from_this<NetworkFollower> {
 public:
  /// `joined` is what the machine has started with and the guest has been told, its cards named
  /// net0, net1, ... in order. `vm` must live until stop(). Throws Error.
  NetworkFollower(const asio::any_io_executor& executor, hypervisor::Vm& vm,
                  std::shared_ptr<AgentClient> agent, UniqueFd network_namespace,
                  network::EndpointOptions options, const network::SandboxNetwork& joined);

  /// Called whenever something has changed, before it is passed on. May be empty.
  std::function<void()> on_change;

  /// Follows until stop(). What cannot be passed on is a warning in the log.
  asio::awaitable<void> run();
  void stop() noexcept;

 private:
  /// Tells an interface from a later one that has its index.
  struct Identity {
    int index = 0;
    int peer = 0;
    network::MacAddress mac{};
    auto operator<=>(const Identity&) const = default;
  };

  struct Card {
    std::string id{};                 ///< of the machine's device
    bool is_fixed = false;            ///< there from the start: it cannot be unplugged
    network::MacAddress guest_mac{};  ///< by which the guest knows it
    std::string told{};  ///< the interface as the guest was told, serialized; empty: not told
  };
  /// A fixed card whose interface has gone, with the tap that it still has.
  struct IdleCard {
    std::string id{};
    std::string tap{};
    network::MacAddress guest_mac{};
  };

  static Identity identity_of(const network::Endpoint& endpoint);
  asio::awaitable<bool> wait_for_change();
  asio::awaitable<void> pass_on();
  asio::awaitable<void> follow(network::Endpoint endpoint);
  asio::awaitable<void> take_away(Identity identity);
  asio::awaitable<void> unplug(Identity identity, std::string id);
  asio::awaitable<void> park(Identity identity, Card card);
  asio::awaitable<void> plug(network::Endpoint endpoint);
  void reuse_card(const network::Endpoint& endpoint);
  asio::awaitable<void> add_card(Identity identity);
  asio::awaitable<void> tell(Card& card, network::Endpoint endpoint);
  asio::awaitable<void> tell_routes(network::NetworkConfig config);

  hypervisor::Vm& vm_;
  std::shared_ptr<AgentClient> agent_;
  UniqueFd space_;
  network::EndpointOptions options_;
  asio::posix::stream_descriptor monitor_;
  asio::steady_timer timer_;
  bool stopped_ = false;
  std::map<Identity, Card> cards_;
  std::set<Identity> refused_;  ///< what the machine could not take
  std::vector<IdleCard> idle_;
  unsigned parked_ = 0;
  std::size_t next_id_;
  std::string routes_told_;
  std::string neighbours_told_;
};

}  // namespace kata::sandbox
