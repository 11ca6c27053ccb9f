// SPDX-License-Identifier: Apache-2.0
//
// Internet and hardware addresses as values: parsed once at the edge, printed in their canonical
// form.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kata::network {

/// An IPv4 or IPv6 address in network byte order; IPv4 uses the first four bytes.
struct IpAddress {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] std::size_t size() const noexcept { return is_v6 ? 16 : 4; }
  bool operator==(const IpAddress&) const = default;
};

/// An address with the length of its network part: "172.17.0.2/16".
struct IpPrefix {
  IpAddress address{};
  std::uint8_t length = 0;
  bool operator==(const IpPrefix&) const = default;
};

using MacAddress = std::array<std::uint8_t, 6>;

/// Throws Error(invalid_argument) that quotes the text.
[[nodiscard]] IpAddress parse_ip(std::string_view text);
/// "10.0.0.0/8"; an address alone gets its full length. Throws Error(invalid_argument).
[[nodiscard]] IpPrefix parse_prefix(std::string_view text);
/// Six hexadecimal pairs with colons. Throws Error(invalid_argument).
[[nodiscard]] MacAddress parse_mac(std::string_view text);
[[nodiscard]] std::string to_string(const IpAddress& address);
[[nodiscard]] std::string to_string(const IpPrefix& prefix);
[[nodiscard]] std::string to_string(const MacAddress& mac);

}  // namespace kata::network
