// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/default_recipe.h"

#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::cli {
namespace {

/// `name` below share/katabuild of the installation, whether or not it is there.
std::string installed_path(const std::string& name) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  return join_path(parent_path(parent_path(program)), "share/katabuild/" + name);
}

/// `name` here, else installed; `what` it is and the `option` that names another, for the error.
std::string find_file(const std::string& name, const char* what, const char* option) {
  if (path_exists(name)) return name;
  std::string installed = installed_path(name);
  if (path_exists(installed)) return installed;
  throw_error(Code::invalid_argument, "find {}: there is neither {} here nor {}: name {}", what,
              name, installed, option);
}

}  // namespace

std::string default_recipe(const std::string& name, const std::string& source) {
  std::string in_source = join_path(source, name);
  if (!source.empty() && path_exists(in_source)) return in_source;
  return find_file(name, "the default recipe", "one with --recipe FILE");
}

std::string page_templates(const std::string& folder) {
  constexpr const char* kOption =
      "the folder that holds it (yum-repo/ of the sources) with "
      "--templates DIR";
  std::string found = folder;
  for (const char* name : {"kata.repo.in", "index.html.in", "packages.html.in"}) {
    if (found.empty())
      found = parent_path(find_file(join_path("yum-repo", name),
                                    "the template of the repository's pages", kOption));
    // half a folder would fail when the packages were read already
    if (!path_exists(join_path(found, name)))
      throw_error(Code::invalid_argument,
                  "find the template of the repository's pages: there is no {} in {}: name {}",
                  name, found, kOption);
  }
  return found;
}

}  // namespace kata::cli
