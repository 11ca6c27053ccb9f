// SPDX-License-Identifier: Apache-2.0
//
// The options that name the signing key, for every verb that signs.
#pragma once

#include <optional>

#include "builder/recipe/signing_recipe.h"

namespace CLI {
class App;
}

namespace kata::cli {

struct SigningOptions {
  bool trial_key = false;
  recipe::SigningRecipe signing;
};

/// --trial-key, --gnupg-home, --key-file, --key and --passphrase-file.
void add_signing_options(CLI::App& verb, SigningOptions& options);
/// The options' key replaces the recipe's: half of one and half of the other is neither. Throws
/// Error(invalid_argument) for options that exclude each other.
void apply_signing(const SigningOptions& options, std::optional<recipe::SigningRecipe>& signing);

}  // namespace kata::cli
