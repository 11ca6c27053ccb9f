// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/verity.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <set>

#include "runtime/base/error.h"

namespace kata::config {
namespace {

constexpr std::size_t kRootHashDigits = 64;
constexpr std::size_t kMaxSaltDigits = 512;  // what veritysetup(8) allows: 256 bytes
// Beyond it a size in sectors would not fit; see drivers/md/dm-verity-target.c.
constexpr std::uint64_t kMaxBlocks = std::uint64_t{1} << 48;

template <typename... Args>
[[noreturn]] void invalid(fmt::format_string<Args...> format, Args&&... args) {
  throw_error(Code::invalid_argument, "kernel_verity_params: {}",
              fmt::format(format, std::forward<Args>(args)...));
}

std::string hexadecimal(std::string_view name, std::string_view value) {
  const bool is_hex = !value.empty() && value.size() % 2 == 0 &&
                      value.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!is_hex) invalid("{} = \"{}\" is no hexadecimal number", name, value.substr(0, 80));
  return std::string(value);
}

std::uint64_t number(std::string_view name, std::string_view value, std::uint64_t most) {
  std::uint64_t result = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc() || end != value.data() + value.size() || result == 0 || result > most) {
    invalid("{} = \"{}\" is no whole number from 1 to {}", name, value.substr(0, 80), most);
  }
  return result;
}

std::uint32_t block_size(std::string_view name, std::string_view value) {
  const std::uint64_t size = number(name, value, 4096);
  if (size < 512 || !std::has_single_bit(size))
    invalid("{} = {}: it must be 512, 1024, 2048 or 4096", name, size);
  return static_cast<std::uint32_t>(size);
}

void assign(Verity& verity, std::string_view name, std::string_view value) {
  if (name == "root_hash") {
    verity.root_hash = hexadecimal(name, value);
    if (value.size() != kRootHashDigits) {
      invalid("root_hash has {} digits; one of SHA-256 has {}", value.size(), kRootHashDigits);
    }
  } else if (name == "salt") {
    verity.salt = value == "-" ? "-" : hexadecimal(name, value);
    if (value.size() > kMaxSaltDigits) invalid("salt has over {} digits", kMaxSaltDigits);
  } else if (name == "data_blocks") {
    verity.data_blocks = number(name, value, kMaxBlocks);
  } else if (name == "data_block_size") {
    verity.data_block_size = block_size(name, value);
  } else if (name == "hash_block_size") {
    verity.hash_block_size = block_size(name, value);
  } else {
    invalid(
        "unknown name \"{}\"; there are root_hash, salt, data_blocks, data_block_size and "
        "hash_block_size",
        name.substr(0, 80));
  }
}

}  // namespace

Verity parse_verity(std::string_view text) {
  Verity verity;
  verity.salt = "-";
  std::set<std::string_view> seen;
  for (;;) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) invalid("\"{}\" is no NAME=VALUE", part.substr(0, 80));
    const std::string_view name = part.substr(0, equals);
    if (!seen.insert(name).second) invalid("{} stands there twice", name.substr(0, 80));
    assign(verity, name, part.substr(equals + 1));
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  if (verity.root_hash.empty()) invalid("root_hash is missing");
  if (verity.data_blocks == 0) invalid("data_blocks is missing");
  return verity;
}

}  // namespace kata::config
