// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>

#include "builder/cli/default_recipe.h"
#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/kernel/build_kernel.h"
#include "builder/recipe/recipe_yaml.h"

namespace kata::cli {
namespace {

struct KernelOptions {
  std::string recipe;
  std::string output = "build/guest";
  SessionOptions session;
};

int run_kernel(const KernelOptions& options) {
  const std::string path =
      options.recipe.empty() ? default_recipe("kernel/recipes/default.yaml") : options.recipe;
  const recipe::KernelRecipe recipe = recipe::read_kernel_recipe(path);
  const auto started = std::chrono::steady_clock::now();
  Session session(options.session);
  const recipe::KernelArtifact built = kernel::build_kernel(recipe, session.context());
  const recipe::KernelArtifact artifact =
      kernel::publish_kernel(built, absolute_path(options.output));
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started);
  std::printf("kernel %s %s%s\n  %s  %llu bytes\n  %s  %llu bytes\n", artifact.version.c_str(),
              built.from_cache ? "from the cache" : "built in ",
              built.from_cache ? "" : pipeline::duration_text(seconds).c_str(),
              artifact.vmlinux.path.c_str(), static_cast<unsigned long long>(artifact.vmlinux.size),
              artifact.vmlinuz.path.c_str(),
              static_cast<unsigned long long>(artifact.vmlinuz.size));
  if (!artifact.modules_folder.empty())
    std::printf("  %s  %zu files\n", artifact.modules_folder.c_str(), artifact.modules.size());
  return 0;
}

}  // namespace

void add_kernel(CLI::App& app, Action& action) {
  const auto options = std::make_shared<KernelOptions>();
  CLI::App* verb = app.add_subcommand("kernel", "Build the guest kernel from its recipe");
  verb->add_option("--recipe,recipe", options->recipe,
                   "recipe (default: kernel/recipes/default.yaml)")
      ->type_name("FILE");
  verb->add_option("--output", options->output, "folder for the kernel and its manifest")
      ->type_name("DIR")
      ->capture_default_str();
  verb->add_option("--jobs", options->session.jobs,
                   "compilers at once (default: one per processor)")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U));
  verb->add_flag("--keep-build", options->session.keep_build,
                 "leave the build folder in the cache");
  add_session_options(*verb, options->session);
  verb->callback([options, &action] { action = [options] { return run_kernel(*options); }; });
}

}  // namespace kata::cli
