// SPDX-License-Identifier: Apache-2.0
#include "builder/build/stages.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "builder/pipeline/git.h"
#include "builder/recipe/recipe_yaml.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::build {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::string source_of(const recipe::BuildRecipe& recipe, const BuildOptions& options) {
  std::string source = recipe.source.empty() ? options.source : recipe.source;
  if (source.empty()) source = std::filesystem::current_path().string();
  if (path_exists(join_path(source, "CMakeLists.txt")) &&
      path_exists(join_path(source, "kernel/recipes")))
    return source;
  throw_error(Code::invalid_argument,
              "{}: {} is not this project's source tree: go there, or name it with \"source\"",
              recipe.file, source);
}

std::int64_t time_of_last_commit(const std::string& source, CommandRunner& runner) {
  const Command command = pipeline::git_command(source, {"log", "-1", "--format=%ct"});
  const CommandResult result =
      find_program("git")
          ? runner.run(command)
          : CommandResult{.status = 127, .output = "", .error_output = "git is not installed"};
  std::int64_t time = 0;
  const char* end = result.output.data() + result.output.size();
  if (result.status == 0 && std::from_chars(result.output.data(), end, time).ec == std::errc())
    return time;
  throw_error(
      Code::failed_precondition,
      "timestamp: git: read the time of the last commit of {}: {}: set SOURCE_DATE_EPOCH, or "
      "a date in the recipe",
      source, result.error_output.substr(0, result.error_output.find('\n')));
}

/// The build's key signs packages and repository alike, or each recipe has its own.
void share_signing(const recipe::BuildRecipe& recipe, const BuildOptions& options, Stages& stages) {
  if (options.signing || recipe.signing) {
    stages.packages.signing = options.signing ? options.signing : recipe.signing;
    stages.repository.signing = stages.packages.signing;
  }
  if (!stages.repository.signing) stages.repository.signing = stages.packages.signing;
  if (!stages.packages.signing) stages.packages.signing = stages.repository.signing;
  if (!stages.packages.signing)
    throw_error(Code::invalid_argument,
                "{}: there is no key to sign with: add \"signing\" to the recipe, or try it with "
                "--trial-key",
                recipe.file);
  if (stages.packages.signing != stages.repository.signing)
    throw_error(Code::invalid_argument,
                "{}: packages and repository are signed by two keys, but kata-release installs "
                "one: say \"signing\" once, in the build's recipe",
                recipe.file);
}

/// Packages are made for the releases that have a channel and were asked for.
void share_releases(const recipe::BuildRecipe& recipe, const BuildOptions& options,
                    Stages& stages) {
  const auto is_wanted = [&](const std::string& release) {
    return (recipe.releases.empty() || contains(recipe.releases, release)) &&
           (options.releases.empty() || contains(options.releases, release)) &&
           std::any_of(stages.repository.channels.begin(), stages.repository.channels.end(),
                       [&](const auto& channel) { return channel.release == release; });
  };
  const auto unwanted = [&](const std::string& release) { return !is_wanted(release); };
  std::erase_if(stages.packages.releases, unwanted);
  for (recipe::PackageEntry& entry : stages.packages.packages)
    std::erase_if(entry.releases, unwanted);
  std::erase_if(stages.repository.channels, [&](const recipe::RepoChannel& channel) {
    return !contains(stages.packages.releases, channel.release);
  });
  if (stages.packages.releases.empty())
    throw_error(Code::invalid_argument,
                "{}: no release is left to build for: \"releases\" and the repository's channels "
                "have none in common with what was asked for",
                recipe.file);
}

/// What kata-release tells dnf must be where the repository will be.
void share_url(const BuildOptions& options, Stages& stages) {
  recipe::RepoRecipe& repository = stages.repository;
  if (!options.base_url.empty()) repository.base_url = options.base_url;
  while (repository.base_url.ends_with('/')) repository.base_url.pop_back();
  stages.packages.repository =
      recipe::RepositoryRecipe{.id = repository.name,
                               .name = repository.title,
                               .baseurl = repository.base_url + "/RELEASE/$basearch"};
}

void check_base_url(const std::string& url) {
  const bool known =
      url.starts_with("https://") || url.starts_with("http://") || url.starts_with("file:///");
  if (!url.empty() && (!known || url.find_first_of(" \t\"<>") != std::string::npos))
    throw_error(Code::invalid_argument, "--base-url must be an https, http or file URL, not \"{}\"",
                url);
}

}  // namespace

Json to_json(const BuildOptions& options) {
  Json json{{"source", options.source},
            {"base_url", options.base_url},
            {"package_release", options.package_release},
            {"releases", options.releases}};
  if (options.signing) json["signing"] = recipe::to_json(*options.signing);
  return json;
}

BuildOptions options_from_json(const Json& json) {
  BuildOptions options;
  options.source = json.at("source").get<std::string>();
  options.base_url = json.at("base_url").get<std::string>();
  options.package_release = json.at("package_release").get<std::string>();
  options.releases = json.at("releases").get<std::vector<std::string>>();
  if (json.contains("signing")) options.signing = recipe::signing_from_json(json.at("signing"));
  return options;
}

Stages resolve(const recipe::BuildRecipe& recipe, const BuildOptions& options,
               CommandRunner& runner) {
  check_base_url(options.base_url);
  Stages stages;
  stages.name = recipe.name;
  stages.source = source_of(recipe, options);
  const auto file = [&](const std::string& chosen, const char* name) {
    return chosen.empty() ? join_path(stages.source, name) : chosen;
  };
  stages.kernel = recipe::read_kernel_recipe(file(recipe.kernel, "kernel/recipes/default.yaml"));
  stages.image = recipe::read_image_recipe(file(recipe.image, "rootfs/minimal.yaml"));
  stages.packages = recipe::read_package_recipe(file(recipe.packages, "rpm/recipes/default.yaml"));
  stages.repository = recipe.repository;

  stages.output = options.output;
  stages.guest = join_path(options.output, "guest");
  stages.image_file = join_path(stages.guest, "kata-containers-initrd.img");
  stages.compile = recipe.programs.empty();
  stages.programs = stages.compile ? join_path(options.output, "programs") : recipe.programs;
  if (!stages.compile && !path_exists(recipe.programs))
    throw_error(Code::invalid_argument, "{}: programs: there is no folder {}", recipe.file,
                recipe.programs);
  stages.package_folder = join_path(options.output, "packages");
  stages.repo_folder =
      options.repository.empty() ? join_path(options.output, "repo") : options.repository;

  if (options.stage.empty()) share_signing(recipe, options, stages);
  share_releases(recipe, options, stages);
  share_url(options, stages);
  stages.packages.source = stages.source;
  stages.packages.programs = stages.programs;
  stages.packages.kernel = join_path(stages.guest, "kernel-manifest.json");
  stages.packages.image = stages.image_file;
  stages.image.kernel_config = stages.packages.kernel;
  if (!options.package_release.empty()) stages.packages.release = options.package_release;
  std::optional<std::int64_t> timestamp = recipe.timestamp;
  if (recipe.timestamp_of_git) timestamp = time_of_last_commit(stages.source, runner);
  if (timestamp) stages.packages.timestamp = stages.repository.timestamp = *timestamp;
  return stages;
}

}  // namespace kata::build
