// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/spec.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "builder/rpm/changelog.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rpm {
namespace {

constexpr std::pair<const char*, const char*> kTags[] = {{"requires", "Requires"},
                                                         {"recommends", "Recommends"},
                                                         {"provides", "Provides"},
                                                         {"obsoletes", "Obsoletes"},
                                                         {"conflicts", "Conflicts"}};

void add_lines(const recipe::PackageEntry& entry, const char* key, const char* tag,
               const std::string& release, std::string& text) {
  for (const std::string& line : relation_lines(entry, key, release))
    text += fmt::format("{}{:<16}{}", text.empty() ? "" : "\n", std::string(tag) + ":", line);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

std::string read_template(const std::string& path) {
  if (!path_exists(path))
    throw_error(Code::not_found,
                "there is no spec template {}: name its folder with the recipe's key templates",
                path);
  return read_file(path, 1U << 20);
}

}  // namespace

Values spec_values(const recipe::PackageRecipe& recipe, const recipe::PackageEntry& entry,
                   const ReleaseFacts& release, const Inputs& inputs, std::int64_t timestamp) {
  const std::string version =
      entry.name == "kata-kernel" ? inputs.kernel.rpm_version : recipe.version;
  std::string relations;
  for (const auto& [key, tag] : kTags) add_lines(entry, key, tag, release.name, relations);
  std::string build_relations;
  add_lines(entry, "build_requires", "BuildRequires", release.name, build_relations);
  const recipe::RepositoryRecipe repository =
      recipe.repository.value_or(recipe::RepositoryRecipe{});
  return {
      {"DIST", release.name},
      {"BINARY_PAYLOAD", release.binary_payload},
      {"BCOND_PREBUILT", recipe.from_source ? "%bcond_with prebuilt" : "%bcond_without prebuilt"},
      {"TIMESTAMP", std::to_string(timestamp)},
      {"VERSION", version},

      {"KERNEL_VERSION", inputs.kernel.version},
      {"KERNEL_SOURCE", inputs.kernel.source.empty()
                            ? ""
                            : "Source2:        " + std::string(base_name(inputs.kernel.source))},
      {"RELEASE", recipe.release},
      {"URL", recipe.url},
      {"VENDOR", recipe.vendor},
      {"PACKAGER", recipe.packager},
      {"RELATIONS", relations},
      {"BUILD_RELATIONS", build_relations},
      {"CHANGELOG", rpm_changelog(inputs.changelog, {.packager = recipe.packager,
                                                     .version = recipe.version,
                                                     .release = recipe.release,
                                                     .timestamp = timestamp})},
      {"REPOSITORY_ID", repository.id},
      {"REPOSITORY_NAME", repository.name},
      {"REPOSITORY_BASEURL", replaced(repository.baseurl, "RELEASE", release.name)}};
}

std::string spec_text(const recipe::PackageRecipe& recipe, const std::string& name,
                      const Values& values) {
  const std::string preamble = join_path(recipe.templates, "preamble.in");
  const std::string path = join_path(recipe.templates, name + ".spec.in");
  Values all = values;
  all["PREAMBLE"] = fill_template(read_template(preamble), values, preamble);
  return fill_template(read_template(path), all, path);
}

}  // namespace kata::rpm
