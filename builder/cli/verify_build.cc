// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/verify_build.h"

#include <cstdio>

#include "builder/build/rebuild.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

int print_comparison(const build::Comparison& comparison) {
  for (const std::string& what : comparison.not_compared)
    std::printf("not compared: %s\n", what.c_str());
  for (const build::Difference& difference : comparison.differences)
    std::fprintf(stderr, "katabuild: verify %s: it differs: %s\n", difference.path.c_str(),
                 difference.what.c_str());
  std::printf("%zu files compared, %zu differ\n", comparison.files, comparison.differences.size());
  return comparison.differences.empty() ? 0 : 1;
}

}  // namespace

int run_verify_build(const std::string& output, const RebuildRequest& request) {
  const std::string folder = absolute_path(output);
  if (!request.against.empty()) {
    pipeline::InterruptibleRunner runner;
    return print_comparison(build::compare_builds(folder, absolute_path(request.against), runner));
  }
  const std::string path = join_path(folder, "report.json");
  const Json report = read_json_file(path);
  build::BuildOptions options;
  std::string recipe = request.recipe;
  try {
    if (recipe.empty()) recipe = report.at("recipe").get<std::string>();
    options = build::options_from_json(report.at("options"));
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "read {}: it is no report of katabuild build: {}", path,
                error.what());
  }
  options.output = folder;
  Session session(request.session);
  return print_comparison(build::rebuild_and_compare(
      recipe::read_build_recipe(recipe), options, request.keep_kernel,
      absolute_path(request.scratch), session.board(), session.context()));
}

}  // namespace kata::cli
