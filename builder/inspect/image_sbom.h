// SPDX-License-Identifier: Apache-2.0
//
// A bill of materials of an image that was looked at, whoever made it.
#pragma once

#include <string>

#include "builder/inspect/inspection.h"

namespace kata::inspect {

/// SPDX 2.3 as JSON: the image, its packages, its files with SHA-1 and SHA-256, and which package
/// holds which file. Equal images of one name give equal bytes.
[[nodiscard]] std::string image_sbom(const Inspection& inspection);

}  // namespace kata::inspect
