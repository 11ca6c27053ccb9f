// SPDX-License-Identifier: Apache-2.0
//
// The files of an XFS in a disk image: no mount, no privilege. See fs/xfs/libxfs/xfs_format.h and
// xfs_da_format.h of the kernel.
#pragma once

#include <cstdint>
#include <string>

#include "builder/inspect/content.h"

namespace kata::inspect {

/// Adds what is in the file system at `offset` of the image. Knows version 5, which mkfs.xfs makes
/// since 2015. Throws Error(unimplemented) for others, Error(data_loss) for a damaged one, and for
/// folders that hold each other. A log that was not replayed is not looked at.
void read_xfs(const std::string& image, std::uint64_t offset, ContentBuilder& builder);

}  // namespace kata::inspect
