// SPDX-License-Identifier: Apache-2.0
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "runtime/base/error.h"
#include "runtime/network/ip_attribute.h"
#include "runtime/network/rtnetlink.h"

namespace kata::network {
namespace {

MessageBuilder address_message(std::uint16_t type, std::uint16_t flags, const Address& address) {
  ifaddrmsg header{};
  header.ifa_family = family_of(address.prefix.address);
  header.ifa_prefixlen = address.prefix.length;
  header.ifa_scope = address.scope;
  header.ifa_index = static_cast<unsigned>(address.link);
  MessageBuilder message(type, flags);
  message.fixed(header);
  add_ip(message, IFA_LOCAL, address.prefix.address);
  // Without a peer both attributes are the interface's own address. See rtnetlink(7).
  add_ip(message, IFA_ADDRESS, address.peer.value_or(address.prefix.address));
  if (address.broadcast) add_ip(message, IFA_BROADCAST, *address.broadcast);
  if (address.flags != 0) message.value(IFA_FLAGS, address.flags);
  return message;
}

std::optional<Address> address_from(const Message& message, std::uint8_t family) {
  const auto fixed = message.fixed<ifaddrmsg>();
  if (fixed.ifa_family != family) return std::nullopt;
  const Attributes attributes = message.attributes(sizeof fixed);
  const std::optional<IpAddress> remote = get_ip(attributes, IFA_ADDRESS, family);
  const std::optional<IpAddress> local = get_ip(attributes, IFA_LOCAL, family);
  const std::optional<IpAddress> own = local ? local : remote;
  if (!own) return std::nullopt;
  Address address{.link = static_cast<int>(fixed.ifa_index),
                  .prefix = {.address = *own, .length = fixed.ifa_prefixlen},
                  .scope = fixed.ifa_scope};
  if (local && remote && *local != *remote) address.peer = remote;
  address.broadcast = get_ip(attributes, IFA_BROADCAST, family);
  address.flags = attributes.value<std::uint32_t>(IFA_FLAGS).value_or(fixed.ifa_flags);
  return address;
}

}  // namespace

std::vector<Address> list_addresses(NetlinkSocket& socket) {
  std::vector<Address> addresses;
  for (const std::uint8_t family : kFamilies) {
    ifaddrmsg header{};
    header.ifa_family = family;
    const std::size_t before = addresses.size();
    const auto collect = [&](const Message& message) {
      if (message.type != RTM_NEWADDR) return;
      if (const auto address = address_from(message, family)) addresses.push_back(*address);
    };
    in_context(
        [&] {
          dump(socket, MessageBuilder(RTM_GETADDR).fixed(header), collect,
               [&] { addresses.resize(before); });
        },
        "list network addresses");
  }
  return addresses;
}

void replace_address(NetlinkSocket& socket, const Address& address) {
  in_context(
      [&] { request(socket, address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address)); },
      "set address {} on interface {}", to_string(address.prefix), address.link);
}

void delete_address(NetlinkSocket& socket, const Address& address) {
  in_context([&] { request(socket, address_message(RTM_DELADDR, 0, address)); },
             "delete address {} of interface {}", to_string(address.prefix), address.link);
}

}  // namespace kata::network
