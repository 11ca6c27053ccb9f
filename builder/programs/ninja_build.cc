// SPDX-License-Identifier: Apache-2.0
#include "builder/programs/ninja_build.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "builder/pipeline/failed_command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::programs {
namespace {

using pipeline::Context;

void check(const Command& command, const CommandResult& result, const NinjaBuild& build,
           Context& context) {
  if (result.status == 0) return;
  const char* program = path_exists(join_path(build.folder, "build.ninja")) ? "ninja" : "cmake";
  const std::string log = pipeline::keep_log("programs", command, result, context);
  throw_error(Code::internal,
              "compile the programs of {}: {} ended with status {}; the whole output is in {}:{}",
              build.source, program, result.status, log,
              pipeline::telling_lines(result.output + result.error_output,
                                      {"error:", "CMake Error", "No space left",
                                       "undefined reference", "Could NOT find"}));
}

/// Where compilers keep what they hand to the next program: in the build folder, since those that
/// a signal kills leave it there.
class Scratch {
 public:
  explicit Scratch(const NinjaBuild& build) : path_(join_path(build.folder, "tmp")) {
    std::filesystem::remove_all(path_);
    make_directories(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    ignore_error([&] { std::filesystem::remove_all(path_); }, "the next build removes it");
  }
  [[nodiscard]] std::string variable() const { return "TMPDIR=" + path_; }

 private:
  std::string path_;
};

Command ninja(const NinjaBuild& build, const std::vector<std::string>& arguments) {
  Command command;
  command.argv = {"ninja", "-C", build.folder};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return command;
}

/// Every file that ninja would need for `path`; empty when this ninja cannot tell (before 1.11).
std::set<std::string> inputs_of(const NinjaBuild& build, const std::string& path,
                                Context& context) {
  const CommandResult result = context.runner.run(ninja(build, {"-t", "inputs", path}));
  if (result.status != 0) return {};
  const std::vector<std::string> lines = split_text(result.output);
  return {lines.begin(), lines.end()};
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> ninja_step(std::string_view line) {
  std::uint64_t step = 0;
  std::uint64_t all = 0;
  if (!line.starts_with('[')) return {0, 0};
  const char* end = line.data() + line.size();
  const auto [slash, bad_step] = std::from_chars(line.data() + 1, end, step);
  if (bad_step != std::errc() || slash == end || *slash != '/') return {0, 0};
  const auto [bracket, bad_all] = std::from_chars(slash + 1, end, all);
  if (bad_all != std::errc() || bracket == end || *bracket != ']') return {0, 0};
  return {step, all};
}

void configure(const NinjaBuild& build, Context& context) {
  if (path_exists(join_path(build.folder, "build.ninja"))) return;
  const Scratch scratch(build);
  Command command;
  command.argv = {"env", scratch.variable(), "cmake", "--preset", "release", "-B", build.folder,
                  "-Wno-dev", "-DKATA_TESTS=OFF", "-DKATA_BUILDER=OFF", "-DKATA_STATIC=ON",
                  // generated sources are in the build folder, whose name must not matter
                  "-DCMAKE_CXX_FLAGS=-ffile-prefix-map=" + build.folder + "/=build/"};
  command.cwd = build.source;
  check(command, context.runner.run(command), build, context);
}

bool compile(const NinjaBuild& build, Context& context) {
  std::vector<std::string> arguments = {"-j", std::to_string(context.jobs)};
  arguments.insert(arguments.end(), build.targets.begin(), build.targets.end());
  const Scratch scratch(build);
  Command command = ninja(build, arguments);
  command.argv.insert(command.argv.begin(), {"env", scratch.variable(), "NINJA_STATUS=[%f/%t] ",
                                             "CCACHE_DIR=" + context.cache.folder("ccache")});
  bool did_something = false;
  const CommandResult result = context.runner.run_lines(command, [&](std::string_view line) {
    const auto [step, all] = ninja_step(line);
    if (all == 0) return;
    did_something = true;
    context.progress.expect(all);
    context.progress.step(line.substr(std::min(line.find_last_of(" /") + 1, line.size())));
  });
  check(command, result, build, context);
  return did_something;
}

std::uint64_t steps_to_do(const NinjaBuild& build, Context& context) {
  std::vector<std::string> arguments = {"-n"};
  arguments.insert(arguments.end(), build.targets.begin(), build.targets.end());
  const Command command = ninja(build, arguments);
  const CommandResult result = context.runner.run(command);
  check(command, result, build, context);
  std::uint64_t steps = 0;
  for (const std::string& line : split_text(result.output))
    steps = std::max(steps, ninja_step(line).second);
  return steps;
}

std::set<std::string> system_files_of(const NinjaBuild& build, const std::string& path,
                                      Context& context) {
  const std::set<std::string> inputs = inputs_of(build, path, context);
  const Command command = ninja(build, {"-t", "deps"});
  const CommandResult result = context.runner.run(command);
  check(command, result, build, context);
  std::set<std::string> files;
  bool is_ours = false;
  for (const std::string& line : split_text(result.output)) {
    if (!line.starts_with(' ')) {  // "OBJECT: #deps N, deps mtime T (VALID)"
      is_ours = inputs.empty() || inputs.contains(line.substr(0, line.find(": #deps")));
      continue;
    }
    const std::string file = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    if (!is_ours || !file.starts_with('/')) continue;
    // "/usr/lib/gcc/x86_64-linux-gnu/12/../../../include/x": packages know the plain name
    const std::string plain = std::filesystem::path(file).lexically_normal().string();
    if (!is_below(plain, build.source) && !is_below(plain, build.folder)) files.insert(plain);
  }
  return files;
}

}  // namespace kata::programs
