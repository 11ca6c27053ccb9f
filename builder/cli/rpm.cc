// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "builder/cli/default_recipe.h"
#include "builder/cli/session.h"
#include "builder/cli/signing_options.h"
#include "builder/cli/verbs.h"
#include "builder/recipe/package_recipe.h"
#include "builder/rpm/build_packages.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::cli {
namespace {

struct RpmOptions {
  std::string recipe;
  std::string source;
  std::string programs;
  std::string kernel;
  std::string kernel_source;
  std::string image;
  std::string output = "build/packages";
  std::vector<std::string> releases;
  std::vector<std::string> packages;
  bool from_source = false;
  SigningOptions signing;
  SessionOptions session;
};

void set_path(const std::string& option, std::string& value) {
  if (!option.empty()) value = absolute_path(option);
}

/// Those named on the command line, in the recipe's order. `known` says what the recipe has.
void keep_only_chosen(const RpmOptions& options, recipe::PackageRecipe& recipe) {
  const auto chosen = [](const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
  };
  std::erase_if(recipe.releases, [&](const auto& r) { return !chosen(options.releases, r); });
  std::erase_if(recipe.packages, [&](const auto& p) { return !chosen(options.packages, p.name); });
  if (recipe.releases.empty() || recipe.packages.empty())
    throw_error(Code::invalid_argument, "{}: it has none of the {} chosen on the command line",
                recipe.file, recipe.releases.empty() ? "releases" : "packages");
}

void apply_options(const RpmOptions& options, recipe::PackageRecipe& recipe) {
  set_path(options.source, recipe.source);
  set_path(options.programs, recipe.programs);
  set_path(options.kernel, recipe.kernel);
  set_path(options.kernel_source, recipe.kernel_source);
  set_path(options.image, recipe.image);
  if (recipe.source.empty() && path_exists("CMakeLists.txt") && path_exists("rpm"))
    recipe.source = absolute_path(".");
  if (options.from_source) recipe.from_source = true;
  apply_signing(options.signing, recipe.signing);
  keep_only_chosen(options, recipe);
}

int run_rpm(const RpmOptions& options) {
  recipe::PackageRecipe recipe = recipe::read_package_recipe(
      options.recipe.empty() ? default_recipe("rpm/recipes/default.yaml", options.source)
                             : options.recipe);
  apply_options(options, recipe);
  Session session(options.session);
  const std::string output = absolute_path(options.output);
  const recipe::PackagesArtifact built = rpm::build_packages(recipe, output, session.context());
  std::size_t up_to_date = 0;
  for (const recipe::RpmArtifact& each : built.packages) {
    up_to_date += each.up_to_date ? 1 : 0;
    std::printf("%s%s\n", each.file.path.c_str(), each.up_to_date ? "  (up to date)" : "");
  }
  if (built.fingerprint.empty()) {
    std::fprintf(stderr, "katabuild: the packages are not signed: the recipe has no \"signing\"\n");
  } else {
    std::printf("signed by %s, public key %s\n", built.fingerprint.c_str(),
                built.public_key.c_str());
  }
  std::printf("%zu packages, %zu of them up to date\n", built.packages.size(), up_to_date);
  return 0;
}

}  // namespace

void add_rpm(CLI::App& app, Action& action) {
  const auto options = std::make_shared<RpmOptions>();
  CLI::App* verb = app.add_subcommand("rpm", "Build and sign RPM packages from their recipe");
  verb->add_option("--recipe,recipe", options->recipe, "recipe (default: rpm/recipes/default.yaml)")
      ->type_name("FILE");
  verb->add_option("--source", options->source, "the project's source tree (default: here)")
      ->type_name("DIR");
  verb->add_option("--programs", options->programs,
                   "folder with kata-runtime, containerd-shim-kata-v2 and kata-agent, or a build "
                   "folder")
      ->type_name("DIR");
  verb->add_option("--kernel", options->kernel, "kernel-manifest.json of the guest's kernel")
      ->type_name("FILE");
  verb->add_option("--kernel-source", options->kernel_source,
                   "archive that the kernel was built of, for its source RPM")
      ->type_name("FILE");
  verb->add_option("--image", options->image, "the guest's initrd, its manifest beside it")
      ->type_name("FILE");
  verb->add_flag("--from-source", options->from_source,
                 "compile the programs in rpmbuild instead of taking those of --programs");
  verb->add_option("--release", options->releases, "only these releases (el9)")
      ->type_name("NAME...")
      ->check(CLI::IsMember(recipe::known_releases()));
  verb->add_option("--package", options->packages, "only these packages")
      ->type_name("NAME...")
      ->check(CLI::IsMember(recipe::known_packages()));
  verb->add_option("--output", options->output, "folder for the packages")
      ->type_name("DIR")
      ->capture_default_str();
  add_signing_options(*verb, options->signing);
  add_session_options(*verb, options->session);
  verb->callback([options, &action] { action = [options] { return run_rpm(*options); }; });
}

}  // namespace kata::cli
