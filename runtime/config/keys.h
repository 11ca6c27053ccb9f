// SPDX-License-Identifier: Apache-2.0
//
// The table of every key that configuration.toml may have: where its value goes, and who may set
// it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/config/config.h"

namespace kata::config {

/// Where a value goes; monostate: the key is accepted, nothing uses it.
using Field =
    std::variant<std::monostate, std::string*, bool*, std::uint32_t*, std::vector<std::string>*>;

/// Whether an annotation may set a key.
enum class Annotatable {
  never,
  gated,  ///< when enable_annotations names it
  freely,
};

struct Key {
  std::string_view section;  ///< "hypervisor.qemu"
  std::string_view name;
  Field (*field)(Config&) = nullptr;
  Annotatable annotatable = Annotatable::never;
  bool is_path = false;     ///< must be absolute
  bool has_effect = true;   ///< false: told when it is set to something, see Config
  bool is_promise = false;  ///< of protection that nothing here gives: refused when it is on
};

[[nodiscard]] std::span<const Key> all_keys();
/// Null when there is none.
[[nodiscard]] const Key* find_key(std::string_view section, std::string_view name);
[[nodiscard]] bool is_section(std::string_view section);
/// The key of the section whose name takes the fewest edits.
[[nodiscard]] std::string_view nearest_key(std::string_view section, std::string_view name);

}  // namespace kata::config
