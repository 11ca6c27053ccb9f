// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/tap.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"

namespace kata::network {
namespace {

UniqueFd open_tun(const std::string& device) {
  try {
    return open_file(device, O_RDWR | O_NONBLOCK);
  } catch (Error& error) {
    if (error.code() == Code::not_found) {
      error.add_context("the tun driver is not there (modprobe tun)");
    }
    throw;
  }
}

}  // namespace

TapDevice create_tap(const std::string& name, const TapOptions& options) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    throw_error(Code::invalid_argument, "\"{}\" is no name for a tap: 1 to {} characters",
                name.substr(0, 64), IFNAMSIZ - 1);
  }
  TapDevice tap{.name = name, .fds = {}};
  for (unsigned queue = 0; queue < options.queues; ++queue) {
    UniqueFd fd = open_tun(options.device);
    ifreq wish{};
    std::memcpy(wish.ifr_name, name.c_str(), name.size());
    unsigned flags = IFF_TAP | IFF_NO_PI;
    if (options.virtio_header) flags |= IFF_VNET_HDR;
    if (options.queues > 1) flags |= IFF_MULTI_QUEUE;
    // Only the first queue creates; the others join the tap of this name.
    if (queue == 0) flags |= IFF_TUN_EXCL;
    wish.ifr_flags = static_cast<short>(static_cast<unsigned short>(flags));
    if (::ioctl(fd.get(), TUNSETIFF, &wish) != 0) {
      const int err = errno;
      if (err == EBUSY) throw_error(Code::already_exists, "create tap {}: the name is taken", name);
      throw_errno(err, "create tap {}", name);
    }
    tap.fds.push_back(std::move(fd));
  }
  return tap;
}

}  // namespace kata::network
