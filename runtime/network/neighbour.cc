// SPDX-License-Identifier: Apache-2.0
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "runtime/base/error.h"
#include "runtime/network/ip_attribute.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {
namespace {

MessageBuilder neighbour_message(std::uint16_t type, std::uint16_t flags,
                                 const Neighbour& neighbour) {
  ndmsg header{};
  header.ndm_family = family_of(neighbour.address);
  header.ndm_ifindex = neighbour.link;
  header.ndm_state = neighbour.state;
  header.ndm_flags = neighbour.flags;
  MessageBuilder message(type, flags);
  message.fixed(header);
  add_ip(message, NDA_DST, neighbour.address);
  if (neighbour.mac) message.value(NDA_LLADDR, *neighbour.mac);
  return message;
}

std::optional<Neighbour> neighbour_from(const Message& message, std::uint8_t family) {
  const auto fixed = message.fixed<ndmsg>();
  if (fixed.ndm_family != family) return std::nullopt;
  const Attributes attributes = message.attributes(sizeof fixed);
  const std::optional<IpAddress> address = get_ip(attributes, NDA_DST, family);
  if (!address) return std::nullopt;
  return Neighbour{.link = fixed.ndm_ifindex,
                   .address = *address,
                   .mac = attributes.value<MacAddress>(NDA_LLADDR),
                   .state = fixed.ndm_state,
                   .flags = fixed.ndm_flags};
}

}  // namespace

std::vector<Neighbour> list_neighbours(NetlinkSocket& socket) {
  std::vector<Neighbour> neighbours;
  for (const std::uint8_t family : kFamilies) {
    ndmsg header{};
    header.ndm_family = family;
    const std::size_t before = neighbours.size();
    const auto collect = [&](const Message& message) {
      if (message.type != RTM_NEWNEIGH) return;
      if (const auto neighbour = neighbour_from(message, family)) neighbours.push_back(*neighbour);
    };
    in_context(
        [&] {
          dump(socket, MessageBuilder(RTM_GETNEIGH).fixed(header), collect,
               [&] { neighbours.resize(before); });
        },
        "list neighbours");
  }
  return neighbours;
}

void replace_neighbour(NetlinkSocket& socket, const Neighbour& neighbour) {
  in_context(
      [&] {
        request(socket, neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour));
      },
      "set neighbour {} on interface {}", to_string(neighbour.address), neighbour.link);
}

void delete_neighbour(NetlinkSocket& socket, const Neighbour& neighbour) {
  in_context([&] { request(socket, neighbour_message(RTM_DELNEIGH, 0, neighbour)); },
             "delete neighbour {} of interface {}", to_string(neighbour.address), neighbour.link);
}

}  // namespace kata::network
