// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>

#include "builder/cli/verbs.h"

namespace kata::cli {

void add_version(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("version", "Print the version");
  verb->callback([&action] {
    action = [] {
      std::printf("katabuild %s\n", KATA_VERSION);
      return 0;
    };
  });
}

}  // namespace kata::cli
