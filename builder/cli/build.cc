// SPDX-License-Identifier: Apache-2.0
#include "builder/build/build.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "builder/build/offline.h"
#include "builder/cli/default_recipe.h"
#include "builder/cli/session.h"
#include "builder/cli/signing_options.h"
#include "builder/cli/verbs.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

struct BuildVerb {
  std::string recipe;
  std::string output = "build/release-repo";
  std::string repository;
  bool dry_run = false;
  build::BuildOptions build;
  SigningOptions signing;
  SessionOptions session;
};

int print_plan(const std::vector<build::PlannedStage>& plan) {
  for (const build::PlannedStage& stage : plan) {
    const char* state = !stage.is_known           ? "waits"
                        : stage.status.up_to_date ? "up to date"
                                                  : "to do";
    std::printf("%-9s %-10s  %s\n", stage.name.c_str(), state,
                stage.is_known ? stage.status.detail.c_str() : "for the stages above");
  }
  return 0;
}

int run_build_verb(const BuildVerb& verb) {
  const std::string path = absolute_path(
      verb.recipe.empty() ? default_recipe("ci/build.yaml", verb.build.source) : verb.recipe);
  const recipe::BuildRecipe recipe = recipe::read_build_recipe(path);
  build::BuildOptions options = verb.build;
  options.signing = recipe.signing ? recipe.signing : recipe.repository.signing;
  apply_signing(verb.signing, options.signing);
  options.output = absolute_path(verb.output);
  if (!verb.repository.empty()) options.repository = absolute_path(verb.repository);
  Session session(verb.session);
  // before the first thread, and before anything could be asked of a network
  if (verb.session.offline) build::leave_the_network();
  const build::Stages stages = build::resolve(recipe, options, session.context().runner);
  if (!options.stage.empty()) {
    build::run_stage(stages, options, session.board(), session.context());
    return 0;
  }
  if (verb.dry_run) return print_plan(build::plan_build(stages, options, session.context()));
  const build::BuildResult result =
      build::run_build(stages, options, path, session.board(), session.context());
  for (const repo::PublishedChannel& channel : result.channels) {
    std::printf("%s %s: %zu packages, %zu new\n", channel.name.c_str(),
                channel.up_to_date ? "is up to date" : "published", channel.packages,
                channel.added);
  }
  std::printf("repository  %s\nreport      %s\n", stages.repo_folder.c_str(),
              join_path(stages.output, "report.html").c_str());
  return 0;
}

}  // namespace

void add_build(CLI::App& app, Action& action) {
  const auto verb = std::make_shared<BuildVerb>();
  CLI::App* command = app.add_subcommand(
      "build", "Build kernel, programs, image and packages, and publish the signed repository");
  command->add_option("--recipe,recipe", verb->recipe, "recipe (default: ci/build.yaml)")
      ->type_name("FILE");
  command->add_option("--output", verb->output, "folder for all results")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--repo", verb->repository, "folder of the repository (default: OUTPUT/repo)")
      ->type_name("DIR");
  command
      ->add_option("--base-url", verb->build.base_url,
                   "where the repository will be served, instead of the recipe's base_url")
      ->type_name("URL");
  command
      ->add_option("--package-release", verb->build.package_release,
                   "Release of the packages, e.g. the pipeline's number")
      ->type_name("TEXT")
      ->check([](const std::string& text) {
        const bool plain = !text.empty() && text.find_first_not_of(
                                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                                                "XYZ0123456789._+~^") == std::string::npos;
        return plain ? std::string() : "may hold letters, digits and ._+~^ only: " + text;
      });
  command->add_option("--release", verb->build.releases, "only these releases (el9)")
      ->type_name("NAME...")
      ->check(CLI::IsMember(recipe::known_releases()));
  command->add_option("--freeze", verb->build.freeze, "keep this state of the repository by a name")
      ->type_name("NAME");
  command->add_flag("--prune", verb->build.prune,
                    "packages that are not of this build leave the repository");
  CLI::Option* dry_run =
      command->add_flag("--dry-run", verb->dry_run, "print what would be done, and what is there");
  command
      ->add_option("--stage", verb->build.stage,
                   "kernel or programs: this stage alone, without a key, for a build that several "
                   "machines share")
      ->type_name("NAME")
      ->check(CLI::IsMember({"kernel", "programs"}))
      ->excludes(dry_run);
  command->add_flag("--offline", verb->session.offline,
                    "build without a network: neither katabuild nor a program it starts has one");
  command
      ->add_option("--jobs", verb->session.jobs, "compilers at once (default: one per processor)")
      ->type_name("N")
      ->check(CLI::Range(1U, 1024U));
  add_signing_options(*command, verb->signing);
  add_session_options(*command, verb->session);
  command->callback([verb, &action] { action = [verb] { return run_build_verb(*verb); }; });
}

}  // namespace kata::cli
