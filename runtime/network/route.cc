// SPDX-License-Identifier: Apache-2.0
#include <linux/rtnetlink.h>

#include "runtime/base/error.h"
#include "runtime/network/ip_attribute.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {
namespace {

// A table number that needs RTA_TABLE to be told.
constexpr std::uint8_t kTableInAttribute = RT_TABLE_COMPAT;

std::string describe(const Route& route) {
  std::string text = route.destination ? to_string(*route.destination) : "default";
  if (route.gateway) text += " via " + to_string(*route.gateway);
  return text;
}

MessageBuilder route_message(std::uint16_t type, std::uint16_t flags, const Route& route) {
  rtmsg header{};
  header.rtm_family = family_of(route.is_v6);
  header.rtm_dst_len = route.destination ? route.destination->length : std::uint8_t{0};
  header.rtm_table = route.table < 256 ? static_cast<std::uint8_t>(route.table) : kTableInAttribute;
  header.rtm_protocol = route.protocol;
  header.rtm_scope = route.scope;
  header.rtm_type = route.type;
  header.rtm_flags = route.flags;
  MessageBuilder message(type, flags);
  message.fixed(header);
  if (route.table >= 256) message.value(RTA_TABLE, route.table);
  if (route.destination) add_ip(message, RTA_DST, route.destination->address);
  if (route.gateway) {
    if (route.gateway->is_v6 == route.is_v6) {
      add_ip(message, RTA_GATEWAY, *route.gateway);
    } else {
      // An IPv4 route by way of an IPv6 router (RFC 5549): struct rtvia is a family and its
      // address.
      std::string via(sizeof(rtvia) + route.gateway->size(), '\0');
      const std::uint16_t family = family_of(*route.gateway);
      std::memcpy(via.data(), &family, sizeof family);
      std::memcpy(via.data() + sizeof(rtvia), route.gateway->bytes.data(), route.gateway->size());
      message.attribute(RTA_VIA, via);
    }
  }
  if (route.source) add_ip(message, RTA_PREFSRC, *route.source);
  if (route.link != 0) message.value(RTA_OIF, route.link);
  if (route.metric != 0) message.value(RTA_PRIORITY, route.metric);
  return message;
}

std::optional<IpAddress> gateway_from(const Attributes& attributes, std::uint8_t family) {
  if (const auto gateway = get_ip(attributes, RTA_GATEWAY, family)) return gateway;
  const std::optional<std::string_view> via = attributes.find(RTA_VIA);
  if (!via || via->size() != sizeof(rtvia) + 16) return std::nullopt;
  IpAddress address{.is_v6 = true};
  std::memcpy(address.bytes.data(), via->data() + sizeof(rtvia), 16);
  return address;
}

std::optional<Route> route_from(const Message& message, std::uint8_t family) {
  const auto fixed = message.fixed<rtmsg>();
  if (fixed.rtm_family != family || (fixed.rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  const Attributes attributes = message.attributes(sizeof fixed);
  const std::uint32_t table = attributes.value<std::uint32_t>(RTA_TABLE).value_or(fixed.rtm_table);
  if (table != RT_TABLE_MAIN || fixed.rtm_type == RTN_MULTICAST) return std::nullopt;
  Route route{.link = attributes.value<int>(RTA_OIF).value_or(0), .is_v6 = family == AF_INET6};
  const std::optional<IpAddress> destination = get_ip(attributes, RTA_DST, family);
  if (destination) route.destination = IpPrefix{*destination, fixed.rtm_dst_len};
  route.gateway = gateway_from(attributes, family);
  route.source = get_ip(attributes, RTA_PREFSRC, family);
  route.metric = attributes.value<std::uint32_t>(RTA_PRIORITY).value_or(0);
  route.table = table;
  route.scope = fixed.rtm_scope;
  route.protocol = fixed.rtm_protocol;
  route.type = fixed.rtm_type;
  // The other flags tell the next hop's state; only this one can be asked for.
  route.flags = fixed.rtm_flags & RTNH_F_ONLINK;
  return route;
}

}  // namespace

std::vector<Route> list_routes(NetlinkSocket& socket) {
  std::vector<Route> routes;
  for (const std::uint8_t family : kFamilies) {
    rtmsg header{};
    header.rtm_family = family;
    const std::size_t before = routes.size();
    const auto collect = [&](const Message& message) {
      if (message.type != RTM_NEWROUTE) return;
      if (auto route = route_from(message, family)) routes.push_back(std::move(*route));
    };
    in_context(
        [&] {
          dump(socket, MessageBuilder(RTM_GETROUTE).fixed(header), collect,
               [&] { routes.resize(before); });
        },
        "list routes");
  }
  return routes;
}

void replace_route(NetlinkSocket& socket, const Route& route) {
  in_context(
      [&] { request(socket, route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route)); },
      "set route {}", describe(route));
}

void delete_route(NetlinkSocket& socket, const Route& route) {
  in_context([&] { request(socket, route_message(RTM_DELROUTE, 0, route)); }, "delete route {}",
             describe(route));
}

}  // namespace kata::network
