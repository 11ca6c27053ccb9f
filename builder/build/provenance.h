// SPDX-License-Identifier: Apache-2.0
//
// How the results came about: an in-toto statement with SLSA provenance,
// https://slsa.dev/spec/v1.0/provenance. No time and no folder of the builder is in it, so equal
// builds give equal text; the repository holds it with a signature.
#pragma once

#include <string>
#include <vector>

#include "builder/build/report.h"
#include "builder/build/stages.h"
#include "builder/recipe/artifact.h"

namespace kata::build {

/// What the results were made of.
struct Materials {
  std::string source_commit;  ///< empty: the source tree is no git checkout
  std::string source_sha256;  ///< of the tree's files
  std::string kernel_manifest;
  std::string programs_manifest;  ///< path; may not exist
};

/// The statement's text, with a newline at its end.
[[nodiscard]] std::string provenance(const Stages& stages, const Materials& materials,
                                     const std::vector<Output>& subjects);

}  // namespace kata::build
