// SPDX-License-Identifier: Apache-2.0
#include "runtime/network/ip_address.h"

#include <arpa/inet.h>

#include <charconv>

#include "runtime/base/error.h"

namespace kata::network {

IpAddress parse_ip(std::string_view text) {
  const std::string terminated(text);
  IpAddress result;
  if (::inet_pton(AF_INET, terminated.c_str(), result.bytes.data()) == 1) return result;
  result = IpAddress{.is_v6 = true};
  if (::inet_pton(AF_INET6, terminated.c_str(), result.bytes.data()) == 1) return result;
  throw_error(Code::invalid_argument, "\"{}\" is no IP address", text.substr(0, 64));
}

IpPrefix parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  IpPrefix result{.address = parse_ip(text.substr(0, slash))};
  const unsigned full = result.address.is_v6 ? 128 : 32;
  unsigned length = full;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, err] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (err != std::errc{} || end != digits.data() + digits.size() || length > full) {
      throw_error(Code::invalid_argument, "\"{}\" has no prefix length of 0 to {}",
                  text.substr(0, 64), full);
    }
  }
  result.length = static_cast<std::uint8_t>(length);
  return result;
}

MacAddress parse_mac(std::string_view text) {
  MacAddress result{};
  bool good = text.size() == 17;
  for (std::size_t i = 0; good && i < result.size(); ++i) {
    const char* begin = text.data() + i * 3;
    const auto [end, err] = std::from_chars(begin, begin + 2, result[i], 16);
    good = err == std::errc{} && end == begin + 2 && (i == 5 || begin[2] == ':');
  }
  if (!good) throw_error(Code::invalid_argument, "\"{}\" is no MAC address", text.substr(0, 64));
  return result;
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  ::inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer.data(),
              static_cast<socklen_t>(buffer.size()));
  return buffer.data();
}

std::string to_string(const IpPrefix& prefix) {
  return fmt::format("{}/{}", to_string(prefix.address), prefix.length);
}

std::string to_string(const MacAddress& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                     mac[4], mac[5]);
}

}  // namespace kata::network
