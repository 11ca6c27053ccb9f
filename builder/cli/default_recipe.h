// SPDX-License-Identifier: Apache-2.0
//
// Where the recipes that come with katabuild are.
#pragma once

#include <string>

namespace kata::cli {

/// `name` ("kernel/recipes/default.yaml") below the working directory, else below share/katabuild
/// of the installation. Throws Error(invalid_argument) that says how to name one.
[[nodiscard]] std::string default_recipe(const std::string& name);

}  // namespace kata::cli
