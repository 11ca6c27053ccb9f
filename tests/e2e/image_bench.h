// SPDX-License-Identifier: Apache-2.0
//
// Containers whose guest is chosen by the configuration or by annotations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/command.h"
#include "tests/e2e/bundle.h"
#include "tests/support/docker.h"

namespace kata::test {

struct ImageBench {
  /// A bundle that prints the guest kernel's command line. Ends the test as skipped with runc.
  ImageBench();
  /// The engine's configuration with a drop-in for [hypervisor.qemu] on top.
  void configure(const std::string& drop_in);
  /// Annotations for [hypervisor.qemu], in place of all others.
  void annotate(const std::vector<std::pair<std::string, std::string>>& values) const;
  CommandResult run(const std::string& id);
  /// run() of a container that must succeed: what it printed.
  std::string output_of(const std::string& id);

  Docker docker;
  OciRuntime oci{docker};
};

}  // namespace kata::test
