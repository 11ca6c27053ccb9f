// SPDX-License-Identifier: Apache-2.0
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {
namespace {

Link link_from(const Message& message) {
  const auto fixed = message.fixed<ifinfomsg>();
  const Attributes attributes = message.attributes(sizeof fixed);
  Link link{.index = fixed.ifi_index, .name = attributes.text(IFLA_IFNAME)};
  link.flags = fixed.ifi_flags;
  link.mtu = attributes.value<std::uint32_t>(IFLA_MTU).value_or(0);
  link.master = attributes.value<int>(IFLA_MASTER).value_or(0);
  link.parent = attributes.value<int>(IFLA_LINK).value_or(0);
  link.parent_namespace = attributes.value<int>(IFLA_LINK_NETNSID);
  link.kind = attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND);
  if (fixed.ifi_type == ARPHRD_ETHER) link.mac = attributes.value<MacAddress>(IFLA_ADDRESS);
  return link;
}

void check_name(const std::string& name) {
  const bool bad = name.empty() || name.size() >= IFNAMSIZ || name == "." || name == ".." ||
                   name.find_first_of("/: \t\n") != std::string::npos;
  if (bad) {
    throw_error(Code::invalid_argument, "\"{}\" is no interface name: 1 to {} characters, no /",
                name.substr(0, 64), IFNAMSIZ - 1);
  }
}

ifinfomsg link_header(int index, unsigned flags = 0, unsigned change = 0) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  header.ifi_flags = flags;
  header.ifi_change = change;
  return header;
}

void set_flags(NetlinkSocket& socket, int index, unsigned flags, unsigned change) {
  request(socket, MessageBuilder(RTM_NEWLINK).fixed(link_header(index, flags, change)));
}

std::uint32_t flags_of(NetlinkSocket& socket, int index) {
  for (const Link& link : list_links(socket)) {
    if (link.index == index) return link.flags;
  }
  throw_error(Code::not_found, "no interface has index {}", index);
}

template <typename Predicate>
std::optional<Link> find_if(NetlinkSocket& socket, const Predicate& matches) {
  const std::vector<Link> links = list_links(socket);
  const auto found = std::find_if(links.begin(), links.end(), matches);
  return found == links.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

std::vector<Link> list_links(NetlinkSocket& socket) {
  std::vector<Link> links;
  const auto collect = [&](const Message& message) {
    if (message.type == RTM_NEWLINK) links.push_back(link_from(message));
  };
  in_context(
      [&] {
        dump(socket, MessageBuilder(RTM_GETLINK).fixed(link_header(0)), collect,
             [&] { links.clear(); });
      },
      "list network interfaces");
  return links;
}

std::optional<Link> find_link(NetlinkSocket& socket, const std::string& name) {
  return find_if(socket, [&](const Link& link) { return link.name == name; });
}

std::optional<Link> find_link(NetlinkSocket& socket, const MacAddress& mac) {
  return find_if(socket, [&](const Link& link) { return link.mac == mac; });
}

void set_link(NetlinkSocket& socket, int index, const LinkChange& change) {
  in_context(
      [&] {
        bool was_up = false;
        if (change.name) {
          check_name(*change.name);
          // Kernels before 6.3 rename only interfaces that are down.
          was_up = (flags_of(socket, index) & IFF_UP) != 0;
          if (was_up) set_flags(socket, index, 0, IFF_UP);
        }
        unsigned flags = 0;
        unsigned mask = 0;
        const auto want = [&](std::optional<bool> value, unsigned flag) {
          if (!value) return;
          mask |= flag;
          if (*value) flags |= flag;
        };
        want(change.up ? change.up : (was_up ? std::optional(true) : std::nullopt), IFF_UP);
        want(change.arp ? std::optional(!*change.arp) : std::nullopt, IFF_NOARP);
        MessageBuilder message(RTM_NEWLINK);
        message.fixed(link_header(index, flags, mask));
        if (change.name) message.text(IFLA_IFNAME, *change.name);
        if (change.mac) message.value(IFLA_ADDRESS, *change.mac);
        if (change.mtu) message.value(IFLA_MTU, *change.mtu);
        if (change.master) message.value(IFLA_MASTER, *change.master);
        if (change.namespace_fd) message.value(IFLA_NET_NS_FD, *change.namespace_fd);
        request(socket, std::move(message));
      },
      "set up network interface {}", index);
}

void create_veth(NetlinkSocket& socket, const std::string& name, const std::string& peer) {
  check_name(name);
  check_name(peer);
  MessageBuilder message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.fixed(link_header(0)).text(IFLA_IFNAME, name);
  message.nested(IFLA_LINKINFO, [&](MessageBuilder& info) {
    info.text(IFLA_INFO_KIND, "veth").nested(IFLA_INFO_DATA, [&](MessageBuilder& data) {
      data.nested(VETH_INFO_PEER,
                  [&](MessageBuilder& end) { end.fixed(link_header(0)).text(IFLA_IFNAME, peer); });
    });
  });
  in_context([&] { request(socket, std::move(message)); }, "create veth pair {} and {}", name,
             peer);
}

void create_bridge(NetlinkSocket& socket, const std::string& name) {
  check_name(name);
  MessageBuilder message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.fixed(link_header(0)).text(IFLA_IFNAME, name);
  message.nested(IFLA_LINKINFO, [](MessageBuilder& info) { info.text(IFLA_INFO_KIND, "bridge"); });
  in_context([&] { request(socket, std::move(message)); }, "create bridge {}", name);
}

void delete_link(NetlinkSocket& socket, int index) {
  in_context([&] { request(socket, MessageBuilder(RTM_DELLINK).fixed(link_header(index))); },
             "delete network interface {}", index);
}

}  // namespace kata::network
