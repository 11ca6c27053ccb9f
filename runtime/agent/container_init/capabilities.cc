// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/capabilities.h"

#include <sys/prctl.h>

#include <charconv>

#include "oci.pb.h"
#include "runtime/base/capability_names.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_process.h"

namespace kata::agent {
namespace {

template <typename Names>
std::uint64_t to_mask(const Names& names, unsigned last) {
  std::uint64_t mask = 0;
  for (const std::string& name : names) {
    const std::optional<unsigned> number = capability_number(name);
    if (!number || *number > last) {
      log::warn("capability ignored name={}", name);
      continue;
    }
    mask |= std::uint64_t{1} << *number;
  }
  return mask;
}

}  // namespace

std::optional<unsigned> capability_number(std::string_view name) noexcept {
  unsigned number = 0;
  for (const std::string_view known : kCapabilityNames) {
    if (known == name) return number;
    ++number;
  }
  return std::nullopt;
}

CapabilitySets parse_capabilities(const grpc::LinuxCapabilities& names, unsigned last) {
  CapabilitySets sets{.bounding = to_mask(names.bounding(), last),
                      .effective = to_mask(names.effective(), last),
                      .inheritable = to_mask(names.inheritable(), last),
                      .permitted = to_mask(names.permitted(), last),
                      .ambient = to_mask(names.ambient(), last)};
  sets.ambient &= sets.permitted & sets.inheritable;
  return sets;
}

unsigned last_capability() {
  constexpr unsigned kKnown = static_cast<unsigned>(std::size(kCapabilityNames)) - 1;
  const std::optional<std::string> text = read_file_if_exists("/proc/sys/kernel/cap_last_cap");
  unsigned last = kKnown;
  if (text) std::from_chars(text->data(), text->data() + text->size(), last);
  return last < 63 ? last : 63;
}

void apply_bounding_set(const CapabilitySets& sets, unsigned last) {
  for (unsigned number = 0; number <= last; ++number) {
    if ((sets.bounding >> number & 1U) != 0) continue;
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 1) continue;
    sys::process_control(PR_CAPBSET_DROP, number, 0, "drop a capability from the bounding set");
  }
}

void apply_capabilities(const CapabilitySets& sets) {
  sys::set_capabilities(sets.effective, sets.permitted, sets.inheritable);
  // A kernel without ambient capabilities (before 4.3) answers EINVAL: none are set there.
  sys::process_control_if_known(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0,
                                "clear the ambient set");
  for (unsigned number = 0; number < 64; ++number) {
    if ((sets.ambient >> number & 1U) == 0) continue;
    sys::process_control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number,
                         "raise an ambient capability");
  }
}

}  // namespace kata::agent
