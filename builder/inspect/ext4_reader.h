// SPDX-License-Identifier: Apache-2.0
//
// The files of an ext4 file system in a disk image, read by libext2fs: no mount, no privilege.
#pragma once

#include <cstdint>
#include <string>

#include "builder/inspect/content.h"

namespace kata::inspect {

/// Adds what is in the file system at `offset` of the image. Throws Error(data_loss) for a damaged
/// one, and for folders that hold each other.
void read_ext4(const std::string& image, std::uint64_t offset, ContentBuilder& builder);

}  // namespace kata::inspect
