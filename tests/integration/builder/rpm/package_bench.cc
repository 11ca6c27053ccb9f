// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/rpm/package_bench.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "builder/pipeline/digest.h"
#include "runtime/base/path.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

// What --from-source compiles: programs that end at once.
constexpr const char* kCmake = R"(cmake_minimum_required(VERSION 3.16)
project(kata C)
foreach(name kata-runtime containerd-shim-kata-v2 kata-agent)
  add_executable(${name} main.c)
  target_link_options(${name} PRIVATE -static -nostdlib)
endforeach()
)";
constexpr const char* kMain =
    R"(void _start(void) { __asm__("mov $60, %eax\n xor %edi, %edi\n syscall"); }
)";

std::string file_json(const std::string& path) {
  return "{\"name\": \"" + std::string(base_name(path)) + "\", \"sha256\": \"" +
         pipeline::sha256_of_file(path) + "\", \"size\": 1}";
}

}  // namespace

std::string output_of(const std::vector<std::string>& argv) {
  RealCommandRunner runner;
  Command command;
  command.argv = argv;
  return run_checked(runner, command).output;
}

std::string query(const std::string& package, const std::string& format) {
  return output_of({"rpm", "--nosignature", "-qp", "--qf", format, package});
}

PackageBench::PackageBench() {
  for (const char* program : {"rpmbuild", "rpmsign", "gpg", "gcc"}) require_program(program);
  for (const char* folder : {"source/runtime/config", "source/docs/man", "source/kernel",
                             "source/rootfs", "programs", "guest"})
    make_directories(path(folder));
  write_file(path("source/CMakeLists.txt"), kCmake);
  write_file(path("source/main.c"), kMain);
  write_file(path("source/LICENSE"), "licence\n");
  write_file(path("source/CHANGELOG.md"), "## [Unreleased]\n### Added\n- first\n");
  write_file(path("source/runtime/config/configuration.toml.in"), "# defaults\n");
  write_file(path("source/docs/man/containerd-shim-kata-v2.8.md"),
             "# NAME\ncontainerd-shim-kata-v2 - owns\n");
  write_file(path("source/docs/man/kata-runtime.8.md"), "# NAME\nkata-runtime - runs\n");
  write_file(path("source/docs/man/katabuild.1.md"), "# NAME\nkatabuild - builds\n");
  write_file(path("source/kernel/README.md"), "kernel\n");
  write_file(path("source/rootfs/README.md"), "rootfs\n");
  for (const char* name : {"kata-runtime", "containerd-shim-kata-v2", "kata-agent"})
    write_program(name, name);
  fs::copy_file(path("programs/kata-agent"), path("guest/vmlinux-6.1.99.container"));
  write_file(path("guest/vmlinuz-6.1.99.container"), "vmlinuz");
  write_file(path("guest/config-6.1.99.container"), "config");
  write_file(path("guest/kernel-manifest.json"),
             "{\"version\": \"6.1.99.container\", \"source_sha256\": \"" +
                 pipeline::sha256_of_text("linux\n") + "\", \"files\": {\"vmlinux\": " +
                 file_json(path("guest/vmlinux-6.1.99.container")) +
                 ", \"vmlinuz\": " + file_json(path("guest/vmlinuz-6.1.99.container")) +
                 ", \"config\": " + file_json(path("guest/config-6.1.99.container")) + "}}");
  write_file(path("guest/initrd.img"), "initrd");
  write_file(path("guest/initrd.manifest.json"),
             "{\"file\": " + file_json(path("guest/initrd.img")) + "}");
}

void PackageBench::write_program(const std::string& name, const std::string& text) const {
  write_file(path("p.S"), ".globl _start\n_start: ret\n.section .rodata\n.asciz \"" + text +
                              "\"\n.section .note.GNU-stack,\"\",@progbits\n");
  output_of({"gcc", "-nostdlib", "-static", "-Wl,--build-id=none", "-o", path("programs/" + name),
             path("p.S")});
}

Command PackageBench::rpm(const std::string& release, const std::vector<std::string>& more) const {
  Command command;
  command.argv = {KATABUILD,    "rpm",
                  "--recipe",   KATA_SOURCE_DIR "/rpm/recipes/default.yaml",
                  "--source",   path("source"),
                  "--programs", path("programs"),
                  "--kernel",   path("guest/kernel-manifest.json"),
                  "--image",    path("guest/initrd.img"),
                  "--cache",    path("cache"),
                  "--output",   path("out"),
                  "--progress", "none",
                  "--release",  release};
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  return command;
}

CommandResult PackageBench::build(const std::string& release,
                                  const std::vector<std::string>& more) const {
  RealCommandRunner runner;
  return runner.run(rpm(release, more));
}

std::string PackageBench::package(const std::string& release, const std::string& arch,
                                  const std::string& name) const {
  std::string found;
  for (const auto& entry : fs::directory_iterator(path("out/" + release + "/" + arch))) {
    if (!entry.path().filename().string().starts_with(name) || entry.path().extension() != ".rpm")
      continue;
    INFO(entry.path().string());
    REQUIRE(found.empty());
    found = entry.path().string();
  }
  INFO(name);
  REQUIRE_FALSE(found.empty());
  return found;
}

CommandResult PackageBench::gpg(const std::string& home,
                                const std::vector<std::string>& arguments) const {
  make_directories(home, 0700);
  RealCommandRunner runner;
  Command command;
  command.argv = {"gpg", "--homedir", home, "--batch", "--pinentry-mode", "loopback"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return runner.run(command);
}

std::string PackageBench::make_key(const std::string& home, const std::string& user,
                                   const std::string& passphrase, const std::string& expires,
                                   const std::vector<std::string>& options) const {
  std::vector<std::string> arguments = {"--passphrase", passphrase};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--quick-generate-key", user, "rsa2048", "sign", expires});
  const CommandResult made = gpg(home, arguments);
  INFO(made.error_output);
  REQUIRE(made.status == 0);
  const std::string keys = gpg(home, {"--with-colons", "--list-keys", user}).output;
  const std::size_t at = keys.find("fpr:::::::::");
  REQUIRE(at != std::string::npos);
  return keys.substr(at + 12, 40);
}

}  // namespace kata::test
