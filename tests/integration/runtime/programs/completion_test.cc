// SPDX-License-Identifier: Apache-2.0
//
// What bash, fish and zsh offer, asked of the shells themselves with the scripts that are packaged.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

/// Both programs in a folder of PATH, a state directory with one container, and a file to complete.
class Desk {
 public:
  Desk() {
    make_directories(path("bin"));
    make_directories(path("root/box-one"));
    write_file(path("config.json"), "{}");
    fs::create_symlink(KATA_RUNTIME, path("bin/kata-runtime"));
    fs::create_symlink(KATABUILD, path("bin/katabuild"));
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return join_path(folder_.path(), name);
  }
  /// The lines that `shell` prints when it runs `text`.
  [[nodiscard]] Words run(const std::string& shell, const Words& options,
                          const std::string& text) const {
    test::require_program(shell);
    RealCommandRunner runner;
    Command command;
    command.argv = {shell};
    command.argv.insert(command.argv.end(), options.begin(), options.end());
    command.argv.insert(command.argv.end(), {"-c", text});
    command.env = {"PATH=" + path("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin",
                   "HOME=" + folder_.path(), "TERM=dumb", "LC_ALL=C.UTF-8"};
    command.cwd = folder_.path();
    command.timeout = std::chrono::seconds(30);
    const CommandResult result = runner.run(command);
    INFO(text << "\n" << result.error_output);
    REQUIRE(result.status == 0);
    return split_text(result.output);
  }

 private:
  TempDir folder_;
};

std::string script(const std::string& program, const std::string& name) {
  return KATA_SOURCE_DIR "/rpm/files/" + program + "/usr/share/" + name;
}

/// The words of `line` as each shell would complete the last one.
Words by_bash(const Desk& desk, const std::string& program, const std::string& line) {
  std::string function = "_" + program;
  if (const std::size_t dash = function.find('-'); dash != std::string::npos) function[dash] = '_';
  return desk.run("bash", {"--norc"},
                  "source " + script(program, "bash-completion/completions/" + program) +
                      "\nCOMP_WORDS=(" + line + ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n" +
                      function + "\nprintf '%s\\n' \"${COMPREPLY[@]}\"");
}

Words by_fish(const Desk& desk, const std::string& program, const std::string& line) {
  Words words;
  for (const std::string& offered :
       desk.run("fish", {"--no-config"},
                "source " + script(program, "fish/vendor_completions.d/" + program + ".fish") +
                    "; complete --do-complete '" + line + "'"))
    words.push_back(offered.substr(0, offered.find('\t')));
  return words;
}

Words by_zsh(const Desk& desk, const std::string& program, const std::string& line) {
  // zsh's own functions need a terminal; these two print what they are given
  Words words;
  for (const std::string& offered : desk.run(
           "zsh", {"-f"},
           "_describe() { print -rl -- ${(P)4} }\n_files() { print -rl -- * }\nwords=(" + line +
               ")\nCURRENT=$#words\nsource " + script(program, "zsh/site-functions/_" + program)))
    words.push_back(offered.substr(0, offered.find(':')));
  return words;
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("shells complete verbs, options, values, containers and files", "[programs]") {
  const Desk desk;
  const auto [name, ask] =
      GENERATE(table<const char*, Words (*)(const Desk&, const std::string&, const std::string&)>(
          {{"bash", by_bash}, {"fish", by_fish}, {"zsh", by_zsh}}));
  INFO(name);
  const bool is_fish = name == std::string("fish");
  const std::string empty = is_fish ? "" : "''";

  CHECK(ask(desk, "kata-runtime", "kata-runtime st") == Words{"start", "state"});
  CHECK_THAT(ask(desk, "kata-runtime", "kata-runtime --log-format " + empty),
             Catch::UnorderedEquals(Words{"json", "text"}));
  CHECK(ask(desk, "kata-runtime", "kata-runtime --root root delete " + empty) == Words{"box-one"});
  CHECK(ask(desk, "kata-runtime", "kata-runtime kill box-one K") == Words{"KILL"});
  CHECK(has(ask(desk, "kata-runtime", "kata-runtime exec --c"), "--cwd"));
  CHECK(has(ask(desk, "kata-runtime", "kata-runtime update --resources " + empty), "config.json"));

  const Words verbs = ask(desk, "katabuild", "katabuild " + empty);
  CHECK(has(verbs, "build"));
  CHECK(has(verbs, "show-recipe"));
  CHECK_FALSE(has(verbs, "config.json"));
  CHECK(has(ask(desk, "katabuild", "katabuild build --off"), "--offline"));
}

TEST_CASE("nothing fits a verb that there is not", "[programs]") {
  const Desk desk;
  CHECK(by_bash(desk, "kata-runtime", "kata-runtime nothing") == Words{""});
  CHECK(by_fish(desk, "kata-runtime", "kata-runtime nothing").empty());
}
