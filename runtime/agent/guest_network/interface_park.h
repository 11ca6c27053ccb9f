// SPDX-License-Identifier: Apache-2.0
//
// A network card that the machine cannot give back while it runs, and whose interface the engine
// has taken away: containers must not see it, until it is given to another network.
#pragma once

#include "runtime/base/fd.h"
#include "runtime/network/ip_address.h"

namespace kata::agent {

class InterfacePark {
 public:
  /// Puts the link with this hardware address into a network namespace of its own; its addresses
  /// and routes go. False when there is no such link. Throws Error.
  bool put(const network::MacAddress& mac);
  /// Brings it back, down and under another name; false when it is not here. Throws Error.
  bool take(const network::MacAddress& mac);

 private:
  UniqueFd space_;  ///< none until something is parked
};

}  // namespace kata::agent
