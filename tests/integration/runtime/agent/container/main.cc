// SPDX-License-Identifier: Apache-2.0
//
// This binary plays the agent: it executes itself as container-init, so it asks for that before
// Catch2 sees the arguments.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "runtime/agent/container_init/container_init.h"

int main(int argc, char** argv) {
  if (kata::agent::is_container_init(argc, argv))
    return kata::agent::container_init_main(argc, argv);
  return Catch::Session().run(argc, argv);
}
