// SPDX-License-Identifier: Apache-2.0
//
// The files of an EROFS file system in a disk image: no mount, no privilege. See
// Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h of the kernel.
#pragma once

#include <cstdint>
#include <string>

#include "builder/inspect/content.h"

namespace kata::inspect {

/// Adds what is in the file system at `offset` of the image. Knows blocks of 4096 bytes, and data
/// that is plain, inline, or compressed by LZ4 with a full index. Throws Error(unimplemented) for
/// others, Error(data_loss) for a damaged one, and for folders that hold each other.
void read_erofs(const std::string& image, std::uint64_t offset, ContentBuilder& builder);

}  // namespace kata::inspect
