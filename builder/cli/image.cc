// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "builder/cli/default_recipe.h"
#include "builder/cli/image_test.h"
#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/recipe/recipe_yaml.h"
#include "builder/rootfs/build_image.h"
#include "builder/rootfs/explain_image.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

constexpr const char* kInitrdName = "kata-containers-initrd.img";
constexpr const char* kImageName = "kata-containers.img";

struct ImageOptions {
  std::string recipe;
  std::string format;
  std::string agent;
  std::string kernel_config;
  std::string explain;
  std::string output = "build/guest/";
  ImageTestOptions test;
  std::string lock;
  bool update_lock = false;
  bool locked = false;
  SessionOptions session;
};

/// A folder gets the default name in it; anything else is the file itself.
std::string output_file(const std::string& output, recipe::ImageFormat format) {
  const bool is_folder = output.empty() || output.back() == '/' ||
                         std::filesystem::is_directory(output) ||
                         base_name(output).find('.') == std::string_view::npos;
  const std::string path = absolute_path(output);
  const char* name = format == recipe::ImageFormat::initrd ? kInitrdName : kImageName;
  return is_folder ? join_path(path, name) : path;
}

int run_image(const ImageOptions& options) {
  if (!options.test.image.empty()) {
    run_image_test(options.test, absolute_path(options.test.image),
                   options.kernel_config.empty() ? "" : absolute_path(options.kernel_config));
    return 0;
  }
  const std::string path =
      options.recipe.empty() ? default_recipe("rootfs/minimal.yaml") : options.recipe;
  recipe::ImageRecipe recipe = recipe::read_image_recipe(path);
  if (options.format == "initrd") recipe.format = recipe::ImageFormat::initrd;
  if (options.format == "image") recipe.format = recipe::ImageFormat::disk;
  if (!options.agent.empty()) recipe.agent.path = absolute_path(options.agent);
  if (!options.kernel_config.empty()) recipe.kernel_config = absolute_path(options.kernel_config);
  rootfs::LockChoice lock;
  if (!options.lock.empty()) lock.file = absolute_path(options.lock);
  if (options.update_lock) lock.use = rootfs::LockUse::update;
  if (options.locked) lock.use = rootfs::LockUse::require;
  Session session(options.session);
  if (!options.explain.empty()) {
    std::fputs(rootfs::explain_image(recipe, options.explain, session.context(), lock).c_str(),
               stdout);
    return 0;
  }
  const recipe::ImageArtifact artifact = rootfs::build_image(
      recipe, output_file(options.output, recipe.format), session.context(), lock);
  std::printf("image %s%s\n  %s  %llu bytes (%llu unpacked)\n", recipe.name.c_str(),
              artifact.up_to_date ? " is up to date" : "", artifact.image.path.c_str(),
              static_cast<unsigned long long>(artifact.image.size),
              static_cast<unsigned long long>(artifact.uncompressed_size));
  if (options.test.is_wanted()) {
    std::fflush(stdout);
    run_image_test(options.test, artifact.image.path, recipe.kernel_config);
  }
  return 0;
}

}  // namespace

void add_image(CLI::App& app, Action& action) {
  const auto options = std::make_shared<ImageOptions>();
  CLI::App* verb = app.add_subcommand("image", "Build a guest image from its recipe");
  verb->add_option("--recipe,recipe", options->recipe, "recipe (default: rootfs/minimal.yaml)")
      ->type_name("FILE");
  verb->add_option("--format", options->format, "initrd or image (default: the recipe's)")
      ->check(CLI::IsMember({"initrd", "image"}));
  verb->add_option("--agent", options->agent, "the agent's program")->type_name("PATH");
  verb->add_option("--kernel-config", options->kernel_config,
                   "kernel-manifest.json or .config of the kernel that shall boot it")
      ->type_name("FILE");
  verb->add_option("--output", options->output, "folder, or the image's file")
      ->type_name("PATH")
      ->capture_default_str();
  verb->add_option("--explain", options->explain,
                   "say why this path is in the image, or why not, and build nothing")
      ->type_name("PATH");
  verb->add_flag("--test", options->test.after_build,
                 "boot it under kata-runtime and say what the start takes; needs root");
  verb->add_option("--test-image", options->test.image,
                   "as --test, for an image that is there; builds nothing")
      ->type_name("PATH");
  verb->add_option("--runtime", options->test.runtime,
                   "kata-runtime to test with (default: beside katabuild, or in PATH)")
      ->type_name("PATH");
  verb->add_option("--lock", options->lock,
                   "file that pins the base's packages (default: NAME.lock beside the recipe)")
      ->type_name("FILE");
  CLI::Option* update = verb->add_flag("--update-lock", options->update_lock,
                                       "choose the base's packages anew and pin them");
  verb->add_flag("--locked", options->locked, "fail when the base is not what the lock file pins")
      ->excludes(update);
  verb->add_flag("--offline", options->session.offline,
                 "use no network: what the cache lacks fails");
  add_session_options(*verb, options->session);
  verb->callback([options, &action] { action = [options] { return run_image(*options); }; });
}

}  // namespace kata::cli
