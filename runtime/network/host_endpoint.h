// SPDX-License-Identifier: Apache-2.0
//
// Joins the interfaces that an engine or CNI put into a network namespace with taps for the virtual
// machine: each frame that arrives on one leaves through the other, by tc. What the guest must know
// to look like that namespace comes back as values.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {

/// An interface of the namespace and the tap that stands for it in the machine.
struct Endpoint {
  int index = 0;                      ///< in the namespace
  int peer = 0;                       ///< index of the other end, maybe in another namespace
  std::string name{};                 ///< in the namespace, and in the guest: "eth0"
  std::string tap_name{};             ///< "tap0_kata"
  std::vector<UniqueFd> tap_fds{};    ///< one a queue
  std::vector<UniqueFd> vhost_fds{};  ///< one a queue, or none: no /dev/vhost-net
  MacAddress mac{};                   ///< of the interface; the guest's must be the same
  std::uint32_t mtu = 1500;
  std::uint32_t flags = 0;  ///< IFF_*
  std::string kind{};       ///< "veth", "macvlan", ...
  bool has_ipv6 = true;     ///< false: the engine has turned it off there
  std::vector<Address> addresses{};
};

/// A route with the guest's device name; `route.link` has no meaning in the guest.
struct GuestRoute {
  std::string device{};
  Route route{};
};

struct GuestNeighbour {
  std::string device{};
  Neighbour neighbour{};
};

/// What the guest gets beside its interfaces.
struct NetworkConfig {
  std::vector<GuestRoute>
      routes{};  ///< in an order in which they can be added: those without gateway first
  std::vector<GuestNeighbour> neighbours{};
};

struct SandboxNetwork {
  std::vector<Endpoint> endpoints{};
  NetworkConfig config{};
  bool took_spare = false;  ///< the only endpoint goes through the spare tap; it has no descriptors
};

struct EndpointOptions {
  unsigned queues = 1;
  bool vhost = true;  ///< opens /dev/vhost-net where it exists
};

/// A tap that is there before the interface it will stand for: a machine can start with it while
/// the engine still sets up the namespace.
struct SpareTap {
  std::string name{};
  std::vector<UniqueFd> tap_fds{};    ///< one a queue
  std::vector<UniqueFd> vhost_fds{};  ///< one a queue, or none
};

/// Whether the namespace has an interface that connect_endpoints() would connect. Throws Error.
[[nodiscard]] bool has_endpoints(int namespace_fd);

/// Throws Error.
[[nodiscard]] SpareTap make_spare_tap(int namespace_fd, const EndpointOptions& options = {});

/// Creates a tap for each interface of the namespace but lo, those that are down without an
/// address, tunnels without an Ethernet address and taps of ours, and redirects both ways. Undoes
/// everything when one step fails. When there is exactly one such interface, the tap named `spare`
/// (of make_spare_tap(); empty: none) is taken for it. Throws Error.
[[nodiscard]] SandboxNetwork connect_endpoints(int namespace_fd,
                                               const EndpointOptions& options = {},
                                               const std::string& spare = {});

/// What connect_endpoints() would connect and has connected, and what the guest must know of it;
/// changes nothing. Throws Error.
[[nodiscard]] SandboxNetwork describe_endpoints(int namespace_fd);

/// Connects one interface that appeared later (`docker network connect`), to a new tap or to the
/// one named `spare`. Throws Error(not_found) when it has gone again.
[[nodiscard]] Endpoint connect_endpoint(int namespace_fd, int index,
                                        const EndpointOptions& options = {},
                                        const std::string& spare = {});

/// Removes the taps of ours and the redirections, in any state that a crash left. Nothing to do is
/// no error. Throws Error.
void disconnect_endpoints(int namespace_fd);

/// Removes the tap and the redirection of the interface that has, or had, this index.
void disconnect_endpoint(int namespace_fd, int index);

/// As disconnect_endpoint(), but keeps the tap, which a machine still has, for another interface;
/// returns its new name. `number` tells such taps apart.
[[nodiscard]] std::string park_endpoint(int namespace_fd, int index, unsigned number);

}  // namespace kata::network
