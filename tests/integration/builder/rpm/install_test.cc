// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/fd.h"
#include "tests/integration/builder/rpm/package_bench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::PackageBench;
namespace fs = std::filesystem;

/// rpm in an install root of its own, with a database of its own.
struct InstallRoot {
  explicit InstallRoot(std::string folder) : root(std::move(folder)) {
    fs::create_directories(root);
  }
  [[nodiscard]] CommandResult rpm(const std::vector<std::string>& arguments) const {
    Command command;
    command.argv = {"rpm", "--root", root, "--dbpath", "/var/lib/rpm", "--nosignature"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    RealCommandRunner runner;
    return runner.run(command);
  }
  /// What is there besides rpm's database.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const std::string path = entry.path().string().substr(root.size());
      if (!entry.is_directory() && !path.starts_with("/var/")) paths.push_back(path);
    }
    return paths;
  }
  std::string root;
};

}  // namespace

TEST_CASE("packages install cleanly, an upgrade keeps configuration, removal leaves nothing else",
          "[rpm]") {
  test::require_root();
  const PackageBench bench;
  const std::vector<std::string> packages = {"--package",   "kata-runtime", "--package",
                                             "kata-kernel", "--package",    "kata-image"};
  REQUIRE(bench.build("el9", packages).status == 0);
  const auto chosen = [&](const std::string& which) {
    return bench.package("el9", "x86_64", which);
  };
  const std::string old_runtime = chosen("kata-runtime");
  const std::string image = bench.package("el9", "noarch", "kata-image");
  const InstallRoot root(bench.path("root"));
  const CommandResult alone = root.rpm({"-i", old_runtime});
  CHECK(alone.status != 0);
  CHECK_THAT(alone.error_output, Catch::Contains("qemu-kvm-core is needed") &&
                                     Catch::Contains("kata-kernel is needed"));
  const CommandResult installed =
      root.rpm({"-i", "--nodeps", old_runtime, chosen("kata-kernel"), image});
  INFO(installed.error_output);
  REQUIRE(installed.status == 0);
  const CommandResult verified =
      root.rpm({"-V", "--nodeps", "kata-runtime", "kata-kernel", "kata-image"});
  CHECK(verified.output.empty());
  CHECK(verified.status == 0);
  const std::string share = root.root + "/usr/share/kata-containers/";
  CHECK(read_file(share + "vmlinuz.container") == "vmlinuz");
  CHECK(read_file(share + "kata-containers-initrd.img") == "initrd");
  CHECK(fs::exists(root.root + "/usr/share/man/man8/kata-runtime.8.gz"));
  CHECK(fs::exists(root.root + "/usr/share/man/man8/containerd-shim-kata-v2.8.gz"));

  const std::string configuration = root.root + "/etc/kata-containers/configuration.toml";
  write_file(configuration, "# mine\n");
  // What runs goes on with the file it was started from.
  const UniqueFd running = open_file(root.root + "/usr/bin/kata-runtime", O_RDONLY);
  const std::string old_program = read_file(bench.path("programs/kata-runtime"));
  write_file(bench.path("source/runtime/config/configuration.toml.in"), "# newer defaults\n");
  write_file(bench.path("recipe.yaml"), read_file(KATA_SOURCE_DIR "/rpm/recipes/default.yaml") +
                                            "version: 0.2.0\ntemplates: " KATA_SOURCE_DIR "/rpm\n");
  bench.write_program("kata-runtime", "newer");
  std::vector<std::string> newer = packages;
  newer.insert(newer.end(), {"--recipe", bench.path("recipe.yaml")});
  Command build = bench.rpm("el9", newer);
  build.argv.erase(build.argv.begin() + 2, build.argv.begin() + 4);
  RealCommandRunner runner;
  const CommandResult built = runner.run(build);
  INFO(built.error_output);
  REQUIRE(built.status == 0);
  const std::string new_runtime = chosen("kata-runtime-0.2.0");
  const CommandResult upgraded = root.rpm({"-U", "--nodeps", new_runtime});
  INFO(upgraded.error_output);
  REQUIRE(upgraded.status == 0);
  CHECK(read_file(configuration) == "# mine\n");
  CHECK(read_file(configuration + ".rpmnew") == "# newer defaults\n");
  CHECK(read_all(running.get()) == old_program);
  CHECK(read_file(root.root + "/usr/bin/kata-runtime") != old_program);
  CHECK(root.rpm({"-q", "kata-runtime"}).output == "kata-runtime-0.2.0-1.el9.x86_64\n");
  CHECK(root.rpm({"-U", "--nodeps", "--oldpackage", old_runtime}).status == 0);
  CHECK(read_file(configuration) == "# mine\n");

  const CommandResult removed = root.rpm({"-e", "kata-runtime", "kata-kernel", "kata-image"});
  INFO(removed.error_output);
  CHECK(removed.status == 0);
  CHECK(root.files() ==
        std::vector<std::string>{"/etc/kata-containers/configuration.toml.rpmnew",
                                 "/etc/kata-containers/configuration.toml.rpmsave"});
}
