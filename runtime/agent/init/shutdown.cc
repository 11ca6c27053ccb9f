// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/shutdown.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "runtime/base/log.h"

namespace kata::agent {

void power_off(bool by_reboot) {
  ::sync();
  const bool has_acpi = ::access("/sys/firmware/acpi", F_OK) == 0;
  ::reboot(by_reboot || !has_acpi ? RB_AUTOBOOT : RB_POWER_OFF);
  for (;;) ::pause();  // PID 1 must not end, whatever reboot(2) said
}

void power_off_through_init(bool by_reboot) {
  // As sd_booted(3) finds it out; the signals are those of systemd(1).
  const bool has_systemd = ::access("/run/systemd/system", F_OK) == 0;
  const bool can_power_off = !by_reboot && ::access("/sys/firmware/acpi", F_OK) == 0;
  const int signal = can_power_off ? SIGRTMIN + 4 : SIGRTMIN + 5;
  if (has_systemd && ::kill(1, signal) == 0) return;
  power_off(by_reboot);
}

void die_with(std::string_view what, bool by_reboot) noexcept {
  log::error("agent ends error=\"{}\"", what);
  power_off(by_reboot);
}

}  // namespace kata::agent
