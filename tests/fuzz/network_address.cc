// SPDX-License-Identifier: Apache-2.0
//
// Addresses as the other side of the agent protocol writes them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/network/ip_address.h"

using namespace kata;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const network::IpPrefix prefix = network::parse_prefix(text);
    if (network::parse_prefix(network::to_string(prefix)) != prefix) __builtin_trap();
  } catch (const Error&) {  // the only way to refuse it
  }
  try {
    const network::MacAddress mac = network::parse_mac(text);
    if (network::parse_mac(network::to_string(mac)) != mac) __builtin_trap();
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
