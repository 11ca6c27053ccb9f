// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/version.h"

#include <fmt/core.h>

#include <cstdio>

#include "runtime/oci/spec.h"

namespace kata::cli {

void add_version(CommandLine& line) {
  line.verb("version", "Print the version").run([](Runtime& runtime) {
    return run_version(runtime);
  });
}

std::string version_text() {
  return fmt::format("kata-runtime version {}\nspec: {}\n", KATA_VERSION, oci::kSpecVersion);
}

int run_version(Runtime&) {
  std::fputs(version_text().c_str(), stdout);
  return 0;
}

}  // namespace kata::cli
