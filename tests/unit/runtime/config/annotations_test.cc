// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/annotations.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::config;
using Catch::Matchers::Contains;

namespace {

Annotations one(const std::string& key, const std::string& value) {
  return {{"io.katacontainers.config." + key, value}};
}

}  // namespace

TEST_CASE("annotations of others are not looked at", "[annotations]") {
  const Config config =
      apply_annotations({}, {{"io.kubernetes.cri.sandbox-id", "x"}, {"hypervisor.kernel", "/k"}});
  CHECK(config.hypervisor.kernel == Config().hypervisor.kernel);
}

TEST_CASE("a hypervisor key passes only when the configuration names it", "[annotations]") {
  Config config;
  CHECK_THROWS_WITH(apply_annotations(config, one("hypervisor.default_memory", "512")),
                    Contains("hypervisor.default_memory") && Contains("enable_annotations"));
  config.hypervisor.enable_annotations = {"default_.*"};
  CHECK(apply_annotations(config, one("hypervisor.default_memory", "512"))
            .hypervisor.default_memory == 512);
  CHECK_THROWS_AS(apply_annotations(config, one("hypervisor.kernel_params", "x")), Error);
}

TEST_CASE("another configuration is chosen only where the first one allows it", "[annotations]") {
  const TempDir dir;
  const std::string path = dir.path() + "/other.toml";
  write_file(path, "[hypervisor.qemu]\ndefault_vcpus = 3\n", 0600);
  const Annotations wish = {{"io.katacontainers.config_path", path}};
  Config config;
  CHECK(chosen_configuration(config, {}).hypervisor.default_vcpus == 1);
  config.hypervisor.enable_annotations = {".*"};  // a file can do more than all keys
  CHECK_THROWS_WITH(chosen_configuration(config, wish),
                    Contains("io.katacontainers.config_path") && Contains("enable_annotations"));
  config.hypervisor.enable_annotations = {"config_path"};
  CHECK(chosen_configuration(config, wish).hypervisor.default_vcpus == 3);
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  CHECK_THROWS_WITH(chosen_configuration(config, wish), Contains("nobody but root"));
  for (const char* bad : {"", "other.toml", "/no/such/file", "/tmp/../etc/passwd"})
    CHECK_THROWS_AS(chosen_configuration(config, {{"io.katacontainers.config_path", bad}}), Error);
}

TEST_CASE("an expression must match the whole key", "[annotations]") {
  CHECK_FALSE(is_allowed({"default"}, "default_memory"));
  CHECK(is_allowed({"kernel", "default.*"}, "default_memory"));
  CHECK_THROWS_WITH(is_allowed({"(("}, "x"), Contains("(("));
}

TEST_CASE("no annotation can widen what annotations may do", "[annotations]") {
  Config config;
  config.hypervisor.enable_annotations = {".*"};
  const char* key = GENERATE("hypervisor.enable_annotations", "hypervisor.valid_hypervisor_paths",
                             "runtime.state_dir", "runtime.sandbox_bind_mounts",
                             "runtime.sandbox_cgroup_only", "factory.template_path");
  CHECK_THROWS_AS(apply_annotations(config, one(key, "/x")), Error);
}

TEST_CASE("a program's path must be among those that the configuration allows", "[annotations]") {
  Config config;
  config.hypervisor.enable_annotations = {".*"};
  CHECK_THROWS_WITH(apply_annotations(config, one("hypervisor.path", "/tmp/evil")),
                    Contains("/tmp/evil"));
  config.hypervisor.valid_hypervisor_paths = {"/usr/bin/qemu-*"};
  CHECK(apply_annotations(config, one("hypervisor.path", "/usr/bin/qemu-kvm")).hypervisor.path ==
        "/usr/bin/qemu-kvm");
  CHECK_THROWS_AS(
      apply_annotations(config, one("hypervisor.path", "/usr/bin/qemu-/../../../tmp/evil")), Error);
  CHECK_THROWS_AS(apply_annotations(config, one("hypervisor.path", "qemu-kvm")), Error);
}

TEST_CASE("values that are not of the key's type are refused", "[annotations]") {
  Config config;
  config.hypervisor.enable_annotations = {".*"};
  const char* value = GENERATE("", "-1", "1x", "99999999999", "two", "0");
  CHECK_THROWS_AS(apply_annotations(config, one("hypervisor.default_vcpus", value)), Error);
  CHECK_THROWS_AS(apply_annotations(config, one("hypervisor.enable_debug", "yes")), Error);
  CHECK_THROWS_AS(
      apply_annotations(config, one("hypervisor.kernel_params", std::string(10000, 'x'))), Error);
}

TEST_CASE("keys of the agent and the runtime pass freely, unknown ones do not", "[annotations]") {
  CHECK(apply_annotations({}, one("runtime.disable_guest_seccomp", "true"))
            .runtime.disable_guest_seccomp);
  CHECK(apply_annotations({}, one("agent.enable_debug", "true")).agent.enable_debug);
  CHECK_THROWS_WITH(apply_annotations({}, one("runtime.disable_guest_secomp", "true")),
                    Contains("did you mean \"disable_guest_seccomp\""));
  CHECK_THROWS_AS(apply_annotations({}, one("nonsense", "x")), Error);
}
