// SPDX-License-Identifier: Apache-2.0
//
// The closure on programs of this machine: what is left of a real tree runs in a root of its own.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "builder/archive/extract.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"
#include "tests/integration/builder/image_bench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
namespace fs = std::filesystem;

CommandResult run(std::vector<std::string> argv) {
  RealCommandRunner runner;
  Command command;
  command.argv = std::move(argv);
  return runner.run(command);
}

/// A root with dynamic programs of this machine and all of their libraries, as ldd names them.
class HostRoot {
 public:
  explicit HostRoot(const std::vector<std::string>& programs) {
    for (const std::string& program : programs) {
      copy(program);
      for (const std::string& line : split_text(run({"ldd", program}).output)) {
        const std::size_t begin = line.find('/');
        if (begin == std::string::npos) continue;
        const std::string path = line.substr(begin, line.find(' ', begin) - begin);
        if (!path.empty() && !fs::exists(root() + path)) copy(path);
      }
    }
  }
  [[nodiscard]] std::string root() const { return dir_.path(); }

 private:
  void copy(const std::string& path) const {
    fs::create_directories(fs::path(root() + path).parent_path());
    fs::copy_file(fs::canonical(path), root() + path, fs::copy_options::overwrite_existing);
  }

  TempDir dir_;
};

}  // namespace

TEST_CASE("a minimized tree of real programs holds what they need, and they run in it",
          "[minimize]") {
  test::require_root();
  for (const char* program : {"ldd", "chroot"}) test::require_program(program);
  const HostRoot base({"/bin/ls", "/bin/bash", "/usr/bin/stat"});
  write_file(base.root() + "/usr/bin/hello", "#!/usr/bin/env bash\necho hello from $0\n", 0755);
  fs::copy_file("/usr/bin/env", base.root() + "/usr/bin/env");
  test::ImageBench image;
  image.agent = "/bin/ls";  // any program is an agent as far as packing goes
  image.write_recipe("base: {directory: " + base.root() +
                     "}\nminimize: {programs: [/bin/ls, /usr/bin/hello]}\n");
  const CommandResult built = image.run();
  INFO(built.error_output);
  REQUIRE(built.status == 0);
  const std::string root = image.path("root");
  fs::create_directory(root);
  archive::extract(
      image.path("out/i.img"), root,
      [](std::string_view path) { return !path.starts_with("dev/"); }, [](std::string_view) {});

  CHECK_FALSE(fs::exists(root + "/usr/bin/stat"));
  const CommandResult listed = run({"chroot", root, "/bin/ls", "/usr/bin"});
  INFO(listed.error_output);
  CHECK(listed.status == 0);
  CHECK(listed.output.find("hello\n") != std::string::npos);
  const CommandResult hello = run({"chroot", root, "/usr/bin/hello"});
  INFO(hello.error_output);
  CHECK(hello.output == "hello from /usr/bin/hello\n");

  const CommandResult why = image.run({"--explain", "/bin/bash"});
  CHECK(why.output.find("    /usr/bin/hello (minimize.programs /usr/bin/hello)\n"
                        "    /bin/bash (its interpreter)\n") != std::string::npos);
  CHECK_THAT(image.run({"--explain", "/usr/bin/stat"}).output,
             Catch::Contains("taken away by: minimize.programs: none of them needs it"));
}
