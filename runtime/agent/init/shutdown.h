// SPDX-License-Identifier: Apache-2.0
//
// The only ways in which the agent ends its machine.
#pragma once

#include <string_view>

namespace kata::agent {

/// Writes what is cached and ends the machine: power off, or a reset where the machine has no ACPI
/// to power off with (QEMU's -no-reboot turns that into the end). Does not return.
[[noreturn]] void power_off(bool by_reboot);

/// For an agent that is a service: has the guest's init end the machine in its order when that is
/// systemd, else as power_off(). Returns when systemd was asked: it ends this process too.
void power_off_through_init(bool by_reboot);

/// For an error nobody else will hear of: to the kernel log, then power_off(). Does not return.
[[noreturn]] void die_with(std::string_view what, bool by_reboot) noexcept;

}  // namespace kata::agent
