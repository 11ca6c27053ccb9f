// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/shutdown.h"

#include <fcntl.h>
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

void die_with(std::string_view what, bool by_reboot) noexcept {
  log::error("agent ends error=\"{}\"", what);
  power_off(by_reboot);
}

}  // namespace kata::agent
