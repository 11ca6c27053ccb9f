// SPDX-License-Identifier: Apache-2.0
//
// What a package for every release of Oracle Linux depends on: programs that need no file of the
// system they are installed on.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("the programs name no loader and no library", "[programs]") {
  test::require_program("readelf");
  RealCommandRunner runner;
  const std::vector<std::string> paths = split_text(KATA_PROGRAMS, ':');
  REQUIRE(paths.size() == 3);
  for (const std::string& path : paths) {
    Command command;
    command.argv = {"readelf", "--wide", "--program-headers", "--dynamic", path};
    const std::string text = run_checked(runner, command).output;
    INFO(path << "\n" << text);
    CHECK_THAT(text, Catch::Contains("LOAD") && !Catch::Contains("INTERP") &&
                         !Catch::Contains("(NEEDED)"));
    // The table by which exceptions are unwound; without it the first one has to sort one.
    CHECK_THAT(text, Catch::Contains("GNU_EH_FRAME"));
  }
}

TEST_CASE("the programs run in a root that holds nothing else", "[programs]") {
  test::require_root();
  const TempDir root;
  RealCommandRunner runner;
  for (const char* name : {"kata-runtime", "containerd-shim-kata-v2"}) {
    for (const std::string& path : split_text(KATA_PROGRAMS, ':')) {
      if (path.ends_with(std::string("/") + name)) fs::copy_file(path, root.path() + "/" + name);
    }
    Command command;
    command.argv = {root.path() + "/" + name,
                    std::string(name) == "kata-runtime" ? "--version" : "-v"};
    command.env = std::vector<std::string>{};
    command.before_exec = [folder = root.path()] {
      return ::chroot(folder.c_str()) == 0 && ::chdir("/") == 0 ? 0 : errno;
    };
    // the path has to lead to the program when the root has changed, too
    fs::create_directories(root.path() + root.path());
    fs::copy_file(root.path() + "/" + name, root.path() + root.path() + "/" + name);
    const CommandResult result = runner.run(command);
    INFO(result.error_output);
    CHECK(result.status == 0);
    CHECK_THAT(result.output, Catch::Contains(name));
  }
}
