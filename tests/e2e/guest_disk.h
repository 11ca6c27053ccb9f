// SPDX-License-Identifier: Apache-2.0
//
// Guest images made by hand with the file systems' own tools: the agent as the first process of a
// read-only root, and the folders it mounts on.
#pragma once

#include <string>

#include "runtime/base/io.h"
#include "tests/support/disk_image.h"

namespace kata::test {

class GuestDisk {
 public:
  GuestDisk();

  /// A file with nothing but a file system of that type, which is "ext4" or "erofs".
  std::string make_filesystem(const std::string& type);
  /// The hash tree of `data` in a file of its own; `parameters` becomes kernel_verity_params.
  std::string make_hash_tree(const std::string& data, std::string& parameters);
  /// The root file system on the first of `layout`'s partitions, the second file (if any) on the
  /// second.
  enum class Layout { bare, mbr, gpt, nvdimm };
  DiskImage make_image(Layout layout, const std::string& filesystem,
                       const std::string& second = "");

  /// Where in `file` a part of the agent's program is that every start reads.
  [[nodiscard]] std::uint64_t find_agent(const std::string& file) const;
  [[nodiscard]] const std::string& folder() const noexcept { return folder_.path(); }

 private:
  TempDir folder_;
  std::string agent_;
  int made_ = 0;
};

}  // namespace kata::test
