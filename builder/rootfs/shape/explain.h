// SPDX-License-Identifier: Apache-2.0
//
// Why a file is in an image, or why it is not.
#pragma once

#include <string>

#include "builder/rootfs/shape/minimize.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

/// A few lines on `path` (absolute, as in the image; links above it are followed): what it is, what
/// brought it in and which programs need it; of one that was taken away the rule; of one that never
/// was there the nearest names. Ends with a line break.
[[nodiscard]] std::string explain_path(const Tree& tree, const MinimizeReport& report,
                                       const std::string& path);

}  // namespace kata::rootfs
