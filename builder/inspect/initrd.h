// SPDX-License-Identifier: Apache-2.0
//
// An initrd, read as the kernel reads it: cpio archives one after the other, each plain or
// compressed, zeros between them.
#pragma once

#include <string>

#include "builder/inspect/content.h"

namespace kata::inspect {

/// Whether the file begins as an initrd does: a cpio archive or compressed data. Throws Error.
[[nodiscard]] bool begins_as_initrd(const std::string& path);
/// Captured files go below `work`. Throws Error(data_loss) for what a kernel would not unpack,
/// Error(resource_exhausted) for more than an image can need.
[[nodiscard]] Content read_initrd(const std::string& path, const std::string& work);

}  // namespace kata::inspect
