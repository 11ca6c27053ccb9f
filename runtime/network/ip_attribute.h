// SPDX-License-Identifier: Apache-2.0
//
// IP addresses as netlink attributes: for the files that implement rtnetlink.h, for nobody else.
#pragma once

#include <sys/socket.h>

#include <cstring>

#include "runtime/network/ip_address.h"
#include "runtime/network/netlink_socket.h"

namespace kata::network {

inline constexpr std::array<std::uint8_t, 2> kFamilies = {AF_INET, AF_INET6};

[[nodiscard]] inline std::uint8_t family_of(bool is_v6) { return is_v6 ? AF_INET6 : AF_INET; }
[[nodiscard]] inline std::uint8_t family_of(const IpAddress& address) {
  return family_of(address.is_v6);
}

inline void add_ip(MessageBuilder& message, std::uint16_t type, const IpAddress& address) {
  message.attribute(
      type, std::string_view(reinterpret_cast<const char*>(address.bytes.data()), address.size()));
}

/// Nothing when the attribute is absent or has not the family's size.
[[nodiscard]] inline std::optional<IpAddress> get_ip(const Attributes& attributes,
                                                     std::uint16_t type, std::uint8_t family) {
  IpAddress address{.is_v6 = family == AF_INET6};
  const std::optional<std::string_view> bytes = attributes.find(type);
  if (!bytes || bytes->size() != address.size()) return std::nullopt;
  std::memcpy(address.bytes.data(), bytes->data(), bytes->size());
  return address;
}

}  // namespace kata::network
