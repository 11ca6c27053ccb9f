// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/file_capabilities.h"

#include <fmt/core.h>
#include <linux/capability.h>

#include <cstdint>
#include <map>
#include <set>

#include "runtime/base/capability_names.h"

namespace kata::inspect {
namespace {

std::uint32_t word(std::string_view value, std::size_t index) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;)
    number = number << 8U | static_cast<unsigned char>(value[4 * index + i]);
  return number;
}

std::string name_of(unsigned number) {
  if (number >= std::size(kCapabilityNames)) return fmt::format("{}", number);
  std::string name(kCapabilityNames[number]);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return name;
}

}  // namespace

std::string capabilities_text(std::string_view value) {
  const std::uint32_t magic = value.size() < 4 ? 0 : word(value, 0);
  const std::uint32_t revision = magic & VFS_CAP_REVISION_MASK;
  const std::size_t words = revision == VFS_CAP_REVISION_1 ? 1 : 2;
  const std::size_t size = 4 + 8 * words + (revision == VFS_CAP_REVISION_3 ? 4 : 0);
  if (revision < VFS_CAP_REVISION_1 || revision > VFS_CAP_REVISION_3 || value.size() != size)
    return fmt::format("{} bytes that are no capabilities", value.size());
  const bool effective = (magic & VFS_CAP_FLAGS_EFFECTIVE) != 0;
  std::map<std::string, std::string> by_flags;  // "ep": its names
  for (unsigned bit = 0; bit < 32 * words; ++bit) {
    const std::size_t at = 1 + 2 * (bit / 32);
    const bool permitted = (word(value, at) >> (bit % 32) & 1U) != 0;
    const bool inheritable = (word(value, at + 1) >> (bit % 32) & 1U) != 0;
    if (!permitted && !inheritable) continue;
    std::string& names = by_flags[std::string(effective ? "e" : "") + (inheritable ? "i" : "") +
                                  (permitted ? "p" : "")];
    names += (names.empty() ? "" : ",") + name_of(bit);
  }
  std::string text;
  for (const auto& [flags, names] : by_flags)
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", names, flags);
  if (revision == VFS_CAP_REVISION_3) text += fmt::format(" rootid={}", word(value, size / 4 - 1));
  return text.empty() ? "none" : text;
}

}  // namespace kata::inspect
