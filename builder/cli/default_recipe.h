// SPDX-License-Identifier: Apache-2.0
//
// Where the recipes and templates that come with katabuild are.
#pragma once

#include <string>

namespace kata::cli {

/// `name` ("kernel/recipes/default.yaml") below the source tree `source` if one was named, else
/// below the working directory, else below share/katabuild of the installation. Throws
/// Error(invalid_argument) that says how to name one.
[[nodiscard]] std::string default_recipe(const std::string& name, const std::string& source = "");
/// The folder with the templates of a repository's pages: `folder`, or when that is empty yum-repo
/// as default_recipe() looks for it. Throws Error(invalid_argument) that says which file is missing
/// and how to name another folder.
[[nodiscard]] std::string page_templates(const std::string& folder);

}  // namespace kata::cli
