// SPDX-License-Identifier: Apache-2.0
//
// Advisories and groups as clients read them: updateinfo.xml and comps.xml.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "builder/recipe/repo_recipe.h"
#include "builder/repo/package.h"

namespace kata::repo {

/// What a person should know and what stops nothing.
using Note = std::function<void(std::string_view)>;

/// updateinfo.xml with those advisories that name a package of this channel; empty when none does.
/// `collection` is the repository's id and `title` its name. Throws Error.
[[nodiscard]] std::string make_updateinfo(std::span<const recipe::Advisory> advisories,
                                          const Packages& packages, const std::string& release,
                                          const std::string& collection, const std::string& title,
                                          const Note& note);
/// comps.xml; empty when there are no groups.
[[nodiscard]] std::string make_comps(std::span<const recipe::PackageGroup> groups);

}  // namespace kata::repo
