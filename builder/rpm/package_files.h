// SPDX-License-Identifier: Apache-2.0
//
// Which files each package has: the data tree of its templates, and what was built.
#pragma once

#include <string>
#include <vector>

#include "builder/archive/tar_writer.h"
#include "builder/rpm/inputs.h"
#include "builder/rpm/spec_template.h"

namespace kata::rpm {

/// The files of package `name` by their paths below /. Generated ones (man pages) are written to
/// `work`. In a data tree (templates/files/NAME), files called *.in are filled with `values` and
/// lose the suffix. `public_key` is what kata-release installs. Throws Error.
[[nodiscard]] std::vector<archive::TarFile> package_files(
    const std::string& name, const recipe::PackageRecipe& recipe, const Inputs& inputs,
    const Values& values, const std::string& public_key, const std::string& work);

}  // namespace kata::rpm
