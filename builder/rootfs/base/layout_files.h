// SPDX-License-Identifier: Apache-2.0
//
// The files of a container image as it is stored: a folder, or a tar file of one, as `docker save`
// and others write it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "builder/recipe/image_recipe.h"

namespace kata::rootfs {

/// Where a stored file's bytes are on the builder.
struct StoredFile {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class LayoutFiles {
 public:
  /// A tar's files are unpacked below `work`, within the limits. Throws Error.
  LayoutFiles(std::string path, const std::string& work, const recipe::ImageLimits& limits);
  /// What the user named.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// By its path in the layout: "blobs/sha256/..."; nothing when it is not there or no file.
  [[nodiscard]] std::optional<StoredFile> find(const std::string& name) const;
  /// A small file's text. Throws Error when it is not there or larger than 4 MiB.
  [[nodiscard]] std::string read(const std::string& name) const;

 private:
  void unpack(const std::string& work, const recipe::ImageLimits& limits);

  std::string path_;
  bool is_folder_ = false;
  std::map<std::string, StoredFile> files_;   ///< of a tar
  std::map<std::string, std::string> links_;  ///< of a tar
};

/// The bytes of a stored file. Throws Error, beyond `limit` too; `name` is for messages.
[[nodiscard]] std::string read_stored(const StoredFile& file, std::uint64_t limit,
                                      const std::string& name);
/// Their SHA-256. Throws Error.
[[nodiscard]] std::string sha256_of_stored(const StoredFile& file, const std::string& name);

}  // namespace kata::rootfs
