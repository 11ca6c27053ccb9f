// SPDX-License-Identifier: Apache-2.0
//
// A package's spec file: its template, filled from the recipe for one release.
#pragma once

#include <string>

#include "builder/rpm/inputs.h"
#include "builder/rpm/release_facts.h"
#include "builder/rpm/spec_template.h"

namespace kata::rpm {

/// The values of all names that a template may use, for one package on one release.
[[nodiscard]] Values spec_values(const recipe::PackageRecipe& recipe,
                                 const recipe::PackageEntry& entry, const ReleaseFacts& release,
                                 const Inputs& inputs, std::int64_t timestamp);
/// The text of NAME.spec. Throws Error.
[[nodiscard]] std::string spec_text(const recipe::PackageRecipe& recipe, const std::string& name,
                                    const Values& values);

}  // namespace kata::rpm
