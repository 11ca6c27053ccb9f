// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "builder/cli/default_recipe.h"
#include "builder/cli/session.h"
#include "builder/cli/verbs.h"
#include "builder/recipe/repo_recipe_yaml.h"
#include "builder/repo/publish_repo.h"

namespace kata::cli {
namespace {

struct RepoOptions {
  std::string recipe;
  std::string output = "build/repo";
  std::string templates;
  repo::PublishOptions publish;
  SessionOptions session;
};

int run_repo(const RepoOptions& options) {
  const recipe::RepoRecipe recipe = recipe::read_repo_recipe(options.recipe);
  repo::PublishOptions publish = options.publish;
  publish.root = absolute_path(options.output);
  publish.templates = page_templates(options.templates);
  Session session(options.session);
  for (const repo::PublishedChannel& channel :
       repo::publish_repo(recipe, publish, session.context())) {
    std::printf("%s %s: %zu packages, %zu new\n  %s\n", channel.name.c_str(),
                channel.up_to_date ? "is up to date" : "published", channel.packages, channel.added,
                channel.snapshot.c_str());
  }
  return 0;
}

}  // namespace

void add_repo(CLI::App& app, Action& action) {
  const auto options = std::make_shared<RepoOptions>();
  CLI::App* verb = app.add_subcommand("repo", "Publish packages as signed yum repositories");
  verb->add_option("--recipe,recipe", options->recipe, "the repository's recipe")
      ->type_name("FILE")
      ->required();
  verb->add_option("--output", options->output, "folder that is served as the recipe's base_url")
      ->type_name("DIR")
      ->capture_default_str();
  verb->add_option("--templates", options->templates,
                   "folder of the pages' templates (default: yum-repo, here or installed)")
      ->type_name("DIR");
  verb->add_flag("--prune", options->publish.prune,
                 "packages that are in no pool leave the repository");
  verb->add_flag("--rebuild", options->publish.rebuild,
                 "read every package again, whatever the published metadata says");
  verb->add_option("--freeze", options->publish.freeze, "keep this state for good by a name")
      ->type_name("NAME");
  add_session_options(*verb, options->session);
  verb->callback([options, &action] { action = [options] { return run_repo(*options); }; });
}

}  // namespace kata::cli
