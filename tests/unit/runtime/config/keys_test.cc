// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/keys.h"

#include <catch2/catch.hpp>
#include <set>

using namespace kata::config;

TEST_CASE("no key is listed twice", "[keys]") {
  std::set<std::string> seen;
  for (const Key& key : all_keys()) {
    INFO(key.section << "." << key.name);
    CHECK(seen.insert(std::string(key.section) + "." + std::string(key.name)).second);
  }
}

TEST_CASE("a key without a field is said to have no effect", "[keys]") {
  Config config;
  for (const Key& key : all_keys()) {
    INFO(key.name);
    if (std::holds_alternative<std::monostate>(key.field(config))) CHECK_FALSE(key.has_effect);
  }
}

TEST_CASE("the nearest key is found", "[keys]") {
  CHECK(nearest_key("hypervisor.qemu", "kernal") == "kernel");
  CHECK(nearest_key("hypervisor.qemu", "default_memroy") == "default_memory");
  CHECK(nearest_key("runtime", "sandbox_cgroups_only") == "sandbox_cgroup_only");
  CHECK_FALSE(nearest_key("runtime", std::string(100000, 'x')).empty());
  CHECK(nearest_key("nonsense", "kernel").empty());
}

TEST_CASE("what decides who may set a key is not an annotation's to set", "[keys]") {
  const char* name =
      GENERATE("enable_annotations", "valid_hypervisor_paths", "valid_virtio_fs_daemon_paths");
  REQUIRE(find_key("hypervisor.qemu", name) != nullptr);
  CHECK(find_key("hypervisor.qemu", name)->annotatable == Annotatable::never);
}
