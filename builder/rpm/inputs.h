// SPDX-License-Identifier: Apache-2.0
//
// What goes into packages, checked before anything is built: programs, kernel, image, source tree.
#pragma once

#include <string>
#include <vector>

#include "builder/archive/tar_writer.h"
#include "builder/pipeline/context.h"
#include "builder/recipe/component.h"
#include "builder/recipe/package_recipe.h"

namespace kata::rpm {

struct KernelInput {
  std::string version;      ///< what `uname -r` says in the guest
  std::string rpm_version;  ///< the same without ".container", as RPM's Version may be
  std::vector<std::string> files;
  std::string source;  ///< its own source; may be empty
  std::string source_sha256;
  std::string manifest;
  std::vector<recipe::Component> components;
};

struct Inputs {
  std::vector<archive::TarFile> source;  ///< the project's tree
  std::string source_digest;
  std::string changelog;  ///< CHANGELOG.md
  KernelInput kernel;
  std::string image;
  std::string image_manifest;
  std::vector<recipe::Component> image_components;
};

/// Whether a recipe's package list has `name`.
[[nodiscard]] bool wants(const recipe::PackageRecipe& recipe, const std::string& name);
/// The path of a program of ours.
[[nodiscard]] std::string program_path(const recipe::PackageRecipe& recipe,
                                       const std::string& name);
/// Finds and checks all that the recipe's packages need. Throws Error that names every input that
/// is missing, or the one that is not what it should be.
[[nodiscard]] Inputs gather_inputs(const recipe::PackageRecipe& recipe, pipeline::Context& context);

}  // namespace kata::rpm
