// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/container_init.h"

#include <string_view>

namespace kata::agent {

bool is_container_init(int argc, char** argv) noexcept {
  return argc > 0 && std::string_view(argv[0]) == kContainerInitName;
}

int container_init_main(int, char**) { return 1; }

}  // namespace kata::agent
