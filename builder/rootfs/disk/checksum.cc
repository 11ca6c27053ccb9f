// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/checksum.h"

#include <array>

namespace kata::rootfs {
namespace {

constexpr std::array<std::uint32_t, 256> make_table(std::uint32_t polynomial) {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? polynomial ^ value >> 1 : value >> 1;
    table[i] = value;
  }
  return table;
}

constexpr auto kCrc32 = make_table(0xedb88320);
constexpr auto kCrc32c = make_table(0x82f63b78);

std::uint32_t sum(const std::array<std::uint32_t, 256>& table, std::uint32_t value,
                  std::string_view bytes) noexcept {
  for (const char c : bytes)
    value = table[(value ^ static_cast<unsigned char>(c)) & 0xff] ^ value >> 8;
  return value;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) noexcept { return ~sum(kCrc32, ~0U, bytes); }

std::uint32_t crc32c(std::uint32_t start, std::string_view bytes) noexcept {
  return sum(kCrc32c, start, bytes);
}

std::uint64_t fletcher64(std::string_view bytes) noexcept {
  std::uint32_t low = 0;
  std::uint64_t high = 0;
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t word = 0;
    for (std::size_t i = 4; i-- > 0;) word = word << 8 | static_cast<unsigned char>(bytes[at + i]);
    low += word;
    high += low;
  }
  return high << 32 | low;
}

}  // namespace kata::rootfs
