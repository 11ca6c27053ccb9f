// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/boot_failure.h"

#include <catch2/catch.hpp>

using namespace kata;
using Catch::Matchers::Contains;
using kata::hypervisor::explain_boot_failure;

TEST_CASE("a guest that stopped at a changed block says which image was changed",
          "[boot_failure]") {
  config::Hypervisor config;
  config.image = "/i.img";
  const std::string words = GENERATE("device-mapper: verity: 254:1: data block 17 is corrupted\n",
                                     "Kernel panic - not syncing: dm-verity device corrupted\n");
  CHECK_THAT(explain_boot_failure(words, config), Contains("/i.img does not match its root hash"));
  // Whatever a guest without such an image writes.
  config.image.clear();
  config.initrd = "/initrd";
  CHECK_THAT(explain_boot_failure(words, config), !Contains("root hash"));
}

TEST_CASE("a root that was not mounted and a missing first process are told", "[boot_failure]") {
  config::Hypervisor config;
  config.image = "/i.img";
  CHECK_THAT(explain_boot_failure("VFS: Unable to mount root fs on unknown-block(0,0)", config),
             Contains("could not mount the root file system of the image /i.img"));
  CHECK_THAT(explain_boot_failure("Kernel panic: No working init found.", config),
             Contains("/i.img has no first process"));
  CHECK_THAT(explain_boot_failure("kata-agent: agent ends error=\"mount tmpfs on /tmp\"", config),
             Contains("the agent of /i.img"));
}

TEST_CASE("where nothing is known the keys to look at are named", "[boot_failure]") {
  config::Hypervisor config;
  CHECK_THAT(explain_boot_failure("", config), Contains("kernel= and initrd="));
  config.image = "/i.img";
  CHECK_THAT(explain_boot_failure("", config), Contains("kernel= and image="));
}
