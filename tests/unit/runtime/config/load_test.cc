// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/load.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"

using namespace kata;
using namespace kata::config;
using Catch::Matchers::Contains;

namespace {

ConfigSources only(const std::vector<std::string>& search) {
  ConfigSources sources;
  sources.search = search;
  return sources;
}

}  // namespace

TEST_CASE("no file at all gives the defaults", "[config]") {
  const Config config = load_config(only({"/nonexistent/configuration.toml"}));
  CHECK(config.files.empty());
  CHECK(config.hypervisor.default_memory == 2048);
  CHECK(config.runtime.sandbox_cgroup_only);
}

TEST_CASE("the first file that exists is read, the flag before all", "[config]") {
  const TempDir dir;
  write_file(dir.path() + "/etc.toml", "[hypervisor.qemu]\ndefault_memory = 100\n");
  write_file(dir.path() + "/usr.toml", "[hypervisor.qemu]\ndefault_memory = 200\n");
  write_file(dir.path() + "/flag.toml", "[hypervisor.qemu]\ndefault_memory = 300\n");
  ConfigSources sources =
      only({dir.path() + "/none.toml", dir.path() + "/etc.toml", dir.path() + "/usr.toml"});
  CHECK(load_config(sources).hypervisor.default_memory == 100);
  sources.environment = dir.path() + "/usr.toml";
  CHECK(load_config(sources).hypervisor.default_memory == 200);
  sources.flag = dir.path() + "/flag.toml";
  CHECK(load_config(sources).hypervisor.default_memory == 300);
}

TEST_CASE("drop-ins come after the file, by name", "[config]") {
  const TempDir dir;
  const std::string file = dir.path() + "/configuration.toml";
  write_file(file, "[hypervisor.qemu]\ndefault_memory = 100\ndefault_vcpus = 3\n");
  make_directories(dir.path() + "/config.d");
  write_file(dir.path() + "/config.d/20.toml", "[hypervisor.qemu]\ndefault_memory = 120\n");
  write_file(dir.path() + "/config.d/10.toml", "[hypervisor.qemu]\ndefault_memory = 110\n");
  write_file(dir.path() + "/config.d/30.toml.bak", "not toml");
  const Config config = load_config(only({file}));
  CHECK(config.hypervisor.default_memory == 120);
  CHECK(config.hypervisor.default_vcpus == 3);
  CHECK(config.files.size() == 3);
}

TEST_CASE("a file that was named must exist and be absolute", "[config]") {
  ConfigSources sources = only({});
  sources.flag = "/nonexistent/x.toml";
  CHECK_THROWS_WITH(load_config(sources), Contains("/nonexistent/x.toml"));
  sources.flag = "x.toml";
  CHECK_THROWS_WITH(load_config(sources), Contains("absolute"));
}

TEST_CASE("values that cannot be are refused with what could", "[config]") {
  Config config;
  CHECK_NOTHROW(check_config(config));
  SECTION("accelerator") { config.hypervisor.accelerator = "xen"; }
  SECTION("sharing") { config.hypervisor.shared_fs = "nfs"; }
  SECTION("network") { config.runtime.internetworking_model = "macvtap"; }
  SECTION("no CPU") { config.hypervisor.default_vcpus = 0; }
  SECTION("no memory") { config.hypervisor.default_memory = 0; }
  SECTION("no kernel") { config.hypervisor.kernel.clear(); }
  SECTION("no root") { config.hypervisor.initrd.clear(); }
  CHECK_THROWS_AS(check_config(config), Error);
}

TEST_CASE("the file that is installed is valid, and so is each of its commented defaults",
          "[config]") {
  Config config;
  std::string text = read_file(KATA_DEFAULT_CONFIGURATION);
  CHECK_NOTHROW(apply_toml(config, text, "configuration.toml"));
  // "# key = value" lines become keys.
  std::string uncommented;
  for (std::string line : split_text(text)) {
    const std::size_t equals = line.find(" = ");
    const bool is_key = line.starts_with("# ") && equals != std::string::npos &&
                        line.find_first_of(" :.", 2) == equals;
    if (is_key) line.erase(0, 2);
    uncommented += line + "\n";
  }
  apply_toml(config, uncommented, "configuration.toml");
  CHECK_NOTHROW(check_config(config));
  const Config defaults;
  CHECK(config.hypervisor.kernel == defaults.hypervisor.kernel);
  CHECK(config.hypervisor.tcg_translation_cache == defaults.hypervisor.tcg_translation_cache);
  CHECK(config.hypervisor.pcie_root_port == defaults.hypervisor.pcie_root_port);
  CHECK(config.hypervisor.shared_fs == defaults.hypervisor.shared_fs);
  CHECK(config.agent.dial_timeout == defaults.agent.dial_timeout);
  CHECK(config.runtime.state_dir == defaults.runtime.state_dir);
}
