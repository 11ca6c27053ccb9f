// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/build/build_bench.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/fake_kernel.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

// C, since half a second of compiling is enough; at the places where the real ones are built.
constexpr const char* kCmake = R"(cmake_minimum_required(VERSION 3.16)
project(kata C)
include(extra.cmake OPTIONAL)
foreach(place cli/kata-runtime shim/containerd-shim-kata-v2 agent/kata-agent)
  get_filename_component(name ${place} NAME)
  get_filename_component(folder ${place} DIRECTORY)
  add_executable(${name} runtime/main.c)
  target_compile_definitions(${name} PRIVATE NAME="${name}")
  target_compile_options(${name} PRIVATE -fno-stack-protector -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
  target_link_options(${name} PRIVATE -static -nostdlib)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/runtime/${folder})
endforeach()
)";
constexpr const char* kPresets =
    R"({"version": 3, "configurePresets": [{"name": "release", "generator": "Ninja",
  "binaryDir": "${sourceDir}/build", "cacheVariables": {"CMAKE_BUILD_TYPE": "Release"}}]})";

}  // namespace

BuildBench::BuildBench() {
  for (const char* program :
       {"rpmbuild", "rpmsign", "gpg", "gcc", "cmake", "ninja", "flex", "bison"})
    require_program(program);
  for (const char* folder :
       {"source/runtime/config", "source/docs/man", "source/kernel/recipes", "source/rootfs"})
    make_directories(path(folder));
  write_file(path("source/CMakeLists.txt"), kCmake);
  write_file(path("source/CMakePresets.json"), kPresets);
  write_program("one");
  write_file(path("source/LICENSE"), "licence\n");
  write_file(path("source/CHANGELOG.md"), "## [Unreleased]\n### Added\n- first\n");
  write_file(path("source/runtime/config/configuration.toml.in"), "# defaults\n");
  write_file(path("source/docs/man/containerd-shim-kata-v2.8.md"),
             "# NAME\ncontainerd-shim-kata-v2 - owns\n");
  write_file(path("source/docs/man/kata-runtime.8.md"), "# NAME\nkata-runtime - runs\n");
  write_file(path("source/docs/man/katabuild.1.md"), "# NAME\nkatabuild - builds\n");
  for (const char* folder : {"rpm", "yum-repo"})
    fs::copy(std::string(KATA_SOURCE_DIR "/") + folder, path("source/" + std::string(folder)),
             fs::copy_options::recursive);
  write_kernel_source(path("source/kernel"));
  write_file(path("source/kernel/a.conf"), "CONFIG_PVH=y\nCONFIG_BLK_DEV_INITRD=y\n");
  write_file(path("source/kernel/recipes/default.yaml"),
             "name: fake\nsource: {tarball: {path: linux-6.1.99.tar.xz}}\nfragments: [a.conf]\n"
             "timestamp: 2026-01-01\n");
  write_file(path("source/rootfs/minimal.yaml"),
             "name: minimal\ncompression: {type: none}\ntimestamp: 2026-01-01\n");
  write_recipe();
}

void BuildBench::write_recipe(const std::string& more) const {
  write_file(path("build.yaml"),
             "name: demo\nsource: source\ntimestamp: 2026-01-01\n"
             "repository:\n  name: kata\n  title: Demo\n  base_url: http://127.0.0.1:9/kata\n"
             "  channels: [{release: el9, architectures: [x86_64, src]}]\n" +
                 (more.empty() ? "signing: {trial: true, key_file: signing.key}\n" : more));
}

void BuildBench::write_program(const std::string& text) const {
  write_file(path("source/runtime/main.c"),
             "const char text[] = NAME \" " + text +
                 "\";\nvoid _start(void) { __asm__(\"mov $60, %eax\\n xor %edi, %edi\\n "
                 "syscall\"); }\n");
}

Command BuildBench::katabuild(const std::vector<std::string>& more) const {
  Command command;
  command.argv = {KATABUILD, "build", path("build.yaml")};
  const std::pair<const char*, std::string> defaults[] = {
      {"--cache", path("cache")}, {"--output", path("out")}, {"--progress", "plain"}};
  for (const auto& [option, value] : defaults) {
    if (std::find(more.begin(), more.end(), option) == more.end())
      command.argv.insert(command.argv.end(), {option, value});
  }
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  return command;
}

CommandResult BuildBench::build(const std::vector<std::string>& more) const {
  RealCommandRunner runner;
  return runner.run(katabuild(more));
}

CommandResult BuildBench::verify(const std::vector<std::string>& arguments) const {
  RealCommandRunner runner;
  Command command;
  command.argv = {KATABUILD, "verify", "--cache", path("cache")};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return runner.run(command);
}

Json BuildBench::stage(const std::string& name) const {
  const Json report = read_json_file(path("out/report.json"));
  for (const Json& entry : report.at("stages")) {
    if (entry.at("name") == name) return entry;
  }
  INFO(report.dump(2));
  FAIL("no stage " << name);
  return nullptr;
}

std::string BuildBench::latest(const std::string& architecture) const {
  return fs::canonical(path("out/repo/el9/" + architecture + "/latest")).string();
}

}  // namespace kata::test
