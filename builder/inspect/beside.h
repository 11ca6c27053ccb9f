// SPDX-License-Identifier: Apache-2.0
//
// What katabuild wrote beside an image: its manifest and its SBOM. Neither is believed unless it
// names the digest of the very file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace kata::inspect {

enum class Fit { absent, fits, other_file, unreadable };

struct Beside {
  std::string path;  ///< of the text
  Fit fit = Fit::absent;
  Json text;           ///< when it fits
  std::string reason;  ///< when it does not
};

/// NAME.manifest.json of the image with this digest.
[[nodiscard]] Beside manifest_beside(const std::string& image, const std::string& sha256);
/// NAME.spdx.json of the image with this digest.
[[nodiscard]] Beside sbom_beside(const std::string& image, const std::string& sha256);

}  // namespace kata::inspect
