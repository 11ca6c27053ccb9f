// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/default_recipe.h"

#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::cli {

std::string default_recipe(const std::string& name) {
  if (path_exists(name)) return name;
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  std::string installed = join_path(parent_path(parent_path(program)), "share/katabuild/" + name);
  if (!error && path_exists(installed)) return installed;
  throw_error(
      Code::invalid_argument,
      "find the default recipe: there is neither {} here nor {}: name one with --recipe FILE", name,
      installed);
}

}  // namespace kata::cli
