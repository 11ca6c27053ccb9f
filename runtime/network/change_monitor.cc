// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/change_monitor.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/network/network_namespace.h"

namespace kata::network {
namespace {

constexpr unsigned kGroups =
    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;

}  // namespace

UniqueFd open_change_monitor(int namespace_fd) {
  UniqueFd monitor;
  in_namespace(namespace_fd, [&] {
    monitor.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    const int err = errno;
    if (!monitor) throw_errno(err, "open a netlink socket");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = kGroups;
    if (::bind(monitor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw_errno(errno, "listen for changes of network interfaces");
  });
  return monitor;
}

bool take_changes(int monitor_fd) {
  std::array<char, 4096> report;  // what does not fit is cut off: nobody reads it
  bool changed = false;
  while (true) {
    if (::recv(monitor_fd, report.data(), report.size(), 0) >= 0) {
      changed = true;
      continue;
    }
    const int err = errno;
    if (err == EAGAIN) return changed;
    if (err == ENOBUFS) {
      changed = true;
    } else if (err != EINTR) {
      throw_errno(err, "take a report of network changes");
    }
  }
}

}  // namespace kata::network
