// SPDX-License-Identifier: Apache-2.0
//
// What is inside a program of ours, by the programs.json that lies beside it.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/cache.h"
#include "builder/recipe/component.h"

namespace kata::sbom {

/// The libraries in the program at `path`; empty when there is no programs.json beside it, or that
/// is about other bytes. Throws Error.
[[nodiscard]] std::vector<recipe::Component> program_components(const std::string& path,
                                                                const pipeline::Cache& cache);
/// Adds those of `more` that `list` does not hold, and sorts.
void merge_components(std::vector<recipe::Component>& list,
                      const std::vector<recipe::Component>& more);

}  // namespace kata::sbom
