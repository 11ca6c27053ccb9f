// SPDX-License-Identifier: Apache-2.0
//
// Sections that more than one kind of recipe has. Included by the *_yaml.cc files only.
#pragma once

#include "builder/recipe/repo_recipe.h"
#include "builder/recipe/signing_recipe.h"
#include "builder/recipe/yaml_reader.h"

namespace kata::recipe {

/// The `signing` section. Throws Error(invalid_argument), also for keys that exclude each other.
[[nodiscard]] SigningRecipe read_signing(const Document& document, const YAML::Node& node);
/// A repository's recipe: a file of its own, or the `repository` section of a build's. Throws
/// Error(invalid_argument).
[[nodiscard]] RepoRecipe read_repo_section(const Document& document, const YAML::Node& node);
/// An http, https or file URL without a slash at its end.
[[nodiscard]] std::string url_of(const Document& document, const YAML::Node& node,
                                 std::string_view what);

}  // namespace kata::recipe
