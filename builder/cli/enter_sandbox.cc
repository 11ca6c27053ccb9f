// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "builder/cli/verbs.h"
#include "builder/rootfs/sandbox/enter_sandbox.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::cli {

int enter_sandbox() {
  try {
    rootfs::enter_sandbox(rootfs::sandbox_plan_from_text(read_all(0)));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace kata::cli
