// SPDX-License-Identifier: Apache-2.0
//
// The five capability sets of a process, see capabilities(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace grpc {
class LinuxCapabilities;
}

namespace kata::agent {

/// Bit N is capability N.
struct CapabilitySets {
  std::uint64_t bounding = 0;
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t ambient = 0;
};

/// "CAP_CHOWN" -> 0; nothing for unknown names.
[[nodiscard]] std::optional<unsigned> capability_number(std::string_view name) noexcept;
/// Names that the running kernel (or this program) does not know are left out with a warning, as
/// runc does; ambient is cut to what permitted and inheritable hold.
[[nodiscard]] CapabilitySets parse_capabilities(const grpc::LinuxCapabilities& names,
                                                unsigned last_capability);
/// The kernel's highest capability, of /proc/sys/kernel/cap_last_cap.
[[nodiscard]] unsigned last_capability();
/// Drops from the bounding set what is not in it. Needs CAP_SETPCAP. Throws Error.
void apply_bounding_set(const CapabilitySets& sets, unsigned last_capability);
/// Sets the other four; last of all changes. Throws Error.
void apply_capabilities(const CapabilitySets& sets);

}  // namespace kata::agent
