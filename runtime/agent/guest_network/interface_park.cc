// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/guest_network/interface_park.h"

#include <fcntl.h>

#include "runtime/base/error.h"
#include "runtime/network/network_namespace.h"
#include "runtime/network/rtnetlink.h"

namespace kata::agent {

using namespace network;

bool InterfacePark::put(const MacAddress& mac) {
  KernelNetlinkSocket socket;
  const std::optional<Link> link = find_link(socket, mac);
  if (!link) return false;
  if (!space_) space_ = create_network_namespace();
  in_context(
      [&] {
        set_link(socket, link->index, {.up = false});
        // Its own name will be that of the next interface.
        set_link(socket, link->index, {.name = fmt::format("idle{}", link->index)});
        set_link(socket, link->index, {.namespace_fd = space_.get()});
      },
      "put interface {} aside", link->name);
  return true;
}

bool InterfacePark::take(const MacAddress& mac) {
  if (!space_) return false;
  const UniqueFd home = open_file("/proc/thread-self/ns/net", O_RDONLY);
  return result_in_namespace(space_.get(), [&] {
    KernelNetlinkSocket socket;
    const std::optional<Link> link = find_link(socket, mac);
    if (link) set_link(socket, link->index, {.namespace_fd = home.get()});
    return link.has_value();
  });
}

}  // namespace kata::agent
