// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/build/pipeline_bench.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <sstream>

#include "tests/integration/builder/package_shelf.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPassphrase = "open sesame";

}  // namespace

PipelineBench::PipelineBench() {
  for (const char* program : {"bash", "rsync"}) require_program(program);
  build_.write_recipe("releases: [el9]\n");  // no key: that is what the secrets are for
  for (const char* folder : {"target", "tmp"}) make_directories(path(folder));
  environment_ = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                  {"HOME", path("")},
                  {"TMPDIR", path("tmp")},
                  {"KATABUILD", KATABUILD},
                  {"KATA_INSTALL", "no"},
                  {"KATA_SOURCE", path("source")},
                  {"KATA_RECIPE", path("build.yaml")},
                  {"KATA_WORK", path("work")},
                  {"KATA_CACHE", path("cache")},
                  {"KATA_JOBS", "2"},
                  {"KATA_BASE_URL", "https://example.com/kata"},
                  {"KATA_PACKAGE_RELEASE", "1"},
                  {"KATA_PUBLISH_TO", path("target")},
                  {"KATA_PUBLIC_KEY_FILE", package_shelf() + "/locked.asc"},
                  {"KATA_SIGNING_KEY", read_file(package_shelf() + "/locked.key")},
                  {"KATA_SIGNING_PASSPHRASE", kPassphrase}};
}

Command PipelineBench::command(const std::string& steps) const {
  Command command;
  command.argv = {KATA_SOURCE_DIR "/ci/pipelines/steps"};
  std::istringstream words(steps);
  for (std::string word; words >> word;) command.argv.push_back(word);
  command.env.emplace();
  for (const auto& [name, value] : environment_) command.env->push_back(name + "=" + value);
  command.cwd = path("");
  command.timeout = std::chrono::seconds(200);
  return command;
}

CommandResult PipelineBench::run(const std::string& steps) {
  RealCommandRunner runner;
  CommandResult result = runner.run(command(steps));
  INFO(steps << ":\n" << result.output << result.error_output);
  CHECK_THAT(result.output + result.error_output,
             !Catch::Contains(kPassphrase) && !Catch::Contains("PRIVATE KEY"));
  CHECK(fs::is_empty(path("tmp")));
  return result;
}

std::string PipelineBench::run_well(const std::string& steps) {
  const CommandResult result = run(steps);
  INFO(steps << ":\n" << result.output << result.error_output);
  REQUIRE(result.status == 0);
  return result.output + result.error_output;
}

}  // namespace kata::test
