// SPDX-License-Identifier: Apache-2.0
//
// A throw-away key for trying things out, made on request only.
#pragma once

#include <string>

#include "builder/recipe/signing_recipe.h"
#include "runtime/base/command.h"

namespace kata::signing {

/// Makes an RSA key without a passphrase that expires after 30 days, and writes its secret half to
/// `key_file` (mode 0600), unless that is there already. Throws Error.
void make_trial_key(const std::string& key_file, CommandRunner& runner);

/// `recipe` with the place where a trial key is kept: `cache`/trial-key/secret.asc unless it names
/// one. Every stage that signs in one build thus has the same key.
[[nodiscard]] recipe::SigningRecipe with_trial_place(recipe::SigningRecipe recipe,
                                                     const std::string& cache);

}  // namespace kata::signing
