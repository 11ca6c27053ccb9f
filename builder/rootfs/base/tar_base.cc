// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/tar_base.h"

#include "builder/archive/archive_reader.h"
#include "builder/rootfs/base/unpacker.h"

namespace kata::rootfs {

void read_tar_base(const std::string& path, const recipe::ImageLimits& limits, Spool& spool,
                   Tree& tree) {
  archive::ArchiveReader reader(path);
  Unpacker(tree, spool, limits).add_archive(reader, path, "base");
}

}  // namespace kata::rootfs
