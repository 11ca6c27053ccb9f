// SPDX-License-Identifier: Apache-2.0
//
// The files of a squashfs in a disk image: no mount, no privilege. See
// Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h of the kernel.
#pragma once

#include <cstdint>
#include <string>

#include "builder/inspect/content.h"

namespace kata::inspect {

/// Adds what is in the file system at `offset` of the image. Knows version 4.0 with gzip, xz, lz4
/// and zstd. Throws Error(unimplemented) for others, Error(data_loss) for a damaged one, and for
/// folders that hold each other.
void read_squashfs(const std::string& image, std::uint64_t offset, ContentBuilder& builder);

}  // namespace kata::inspect
