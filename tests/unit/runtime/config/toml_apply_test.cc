// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/config/load.h"

using namespace kata;
using namespace kata::config;
using Catch::Matchers::Contains;

TEST_CASE("values of every type reach their fields", "[toml]") {
  Config config;
  apply_toml(config, R"([hypervisor.qemu]
path = "/usr/libexec/qemu-kvm"
default_memory = 512
enable_hugepages = true
enable_annotations = ["kernel_params", "default_.*"]
[agent.kata]
dial_timeout = 60
[runtime]
internetworking_model = "none"
)",
             "test.toml");
  CHECK(config.hypervisor.path == "/usr/libexec/qemu-kvm");
  CHECK(config.hypervisor.default_memory == 512);
  CHECK(config.hypervisor.enable_hugepages);
  CHECK(config.hypervisor.enable_annotations ==
        std::vector<std::string>{"kernel_params", "default_.*"});
  CHECK(config.agent.dial_timeout == 60);
  CHECK(config.runtime.internetworking_model == "none");
}

TEST_CASE("keys of upstream's without effect here are accepted", "[toml]") {
  Config config;
  CHECK_NOTHROW(apply_toml(config,
                           "[hypervisor.qemu]\nrx_rate_limiter_max_rate = 0\nrootless = false\n"
                           "[runtime]\nexperimental = []\n[factory]\nenable_template = false\n",
                           "t"));
  CHECK(config.without_effect.empty());
}

TEST_CASE("keys that ask for what nothing here does are told", "[toml]") {
  Config config;
  const char* text =
      "[hypervisor.qemu]\nenable_iothreads = true\nrx_rate_limiter_max_rate = 500\n"
      "default_bridges = 1\n[runtime]\nsandbox_bind_mounts = [\"/etc\"]\n";
  apply_toml(config, text, "t");
  apply_toml(config, "[hypervisor.qemu]\nrx_rate_limiter_max_rate = 600\n", "drop-in");
  CHECK(config.without_effect ==
        std::vector<std::string>{"hypervisor.qemu.enable_iothreads",
                                 "hypervisor.qemu.rx_rate_limiter_max_rate",
                                 "runtime.sandbox_bind_mounts"});
}

TEST_CASE("protection that a machine would not have is refused", "[toml]") {
  Config config;
  const char* key = GENERATE("confidential_guest", "rootless");
  const auto text = [&](const char* value) {
    return "[hypervisor.qemu]\n" + std::string(key) + " = " + value + "\n";
  };
  CHECK_THROWS_WITH(apply_toml(config, text("true"), "t"),
                    Contains("t:2:") && Contains(key) && Contains("not supported"));
  CHECK_NOTHROW(apply_toml(config, text("false"), "t"));
}

TEST_CASE("an unknown key is told with its place and the nearest one", "[toml]") {
  Config config;
  CHECK_THROWS_WITH(
      apply_toml(config, "[hypervisor.qemu]\n\n  kernal = \"/k\"\n", "c.toml"),
      Contains(
          "c.toml:3:3: unknown key \"kernal\" in [hypervisor.qemu]; did you mean \"kernel\"?"));
}

TEST_CASE("a wrong value is told with its place", "[toml]") {
  Config config;
  CHECK_THROWS_WITH(apply_toml(config, "[hypervisor.qemu]\ndefault_memory = \"2G\"\n", "c.toml"),
                    Contains("c.toml:2:18: default_memory must be a whole number"));
  CHECK_THROWS_WITH(apply_toml(config, "[hypervisor.qemu]\ndefault_memory = -1\n", "c.toml"),
                    Contains("whole number of 0 or more"));
  CHECK_THROWS_WITH(apply_toml(config, "[hypervisor.qemu]\nenable_debug = 1\n", "c.toml"),
                    Contains("true or false"));
  CHECK_THROWS_WITH(apply_toml(config, "[hypervisor.qemu]\nkernel = 1\n", "c.toml"),
                    Contains("a string"));
  CHECK_THROWS_WITH(apply_toml(config, "[hypervisor.qemu]\nenable_annotations = [1]\n", "c.toml"),
                    Contains("a list of strings"));
}

TEST_CASE("a relative path is refused", "[toml]") {
  Config config;
  CHECK_THROWS_WITH(apply_toml(config, "[hypervisor.qemu]\nkernel = \"vmlinux\"\n", "c.toml"),
                    Contains("c.toml:2:10: kernel must be an absolute path, not \"vmlinux\""));
}

TEST_CASE("text that is no TOML is told with its place", "[toml]") {
  Config config;
  const char* text = GENERATE("[hypervisor.qemu\n", "= 3\n", "[runtime]\nx = \"open\n", "\x01\x02");
  CHECK_THROWS_WITH(apply_toml(config, text, "c.toml"), Contains("c.toml:"));
}

TEST_CASE("unknown sections and sections that are values are refused", "[toml]") {
  Config config;
  const char* text = GENERATE("[hypervisor.clh]\npath = \"/x\"\n", "[proxy.kata]\npath = \"/x\"\n",
                              "runtime = 3\n", "hypervisor = []\n", "[hypervisor]\nqemu = 1\n");
  CHECK_THROWS_WITH(apply_toml(config, text, "c.toml"), Contains("unknown section"));
}
