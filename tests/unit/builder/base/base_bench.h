// SPDX-License-Identifier: Apache-2.0
//
// What tests of an image's base need: archives made by hand, image layouts of them, and a build to
// read them in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/base.h"
#include "runtime/base/json.h"
#include "tests/unit/builder/image_build.h"

namespace kata::test {

[[nodiscard]] std::string tar_of(const std::vector<std::string>& members);

class BaseBench : public ImageBuild {
 public:
  BaseBench();
  [[nodiscard]] rootfs::Base read() { return rootfs::read_base(recipe, path("work"), context); }
  /// What read() says when it throws.
  [[nodiscard]] std::string error();
  /// A file's bytes in the base; nothing when it is no file of it.
  [[nodiscard]] static std::optional<std::string> text(const rootfs::Base& base,
                                                       const std::string& path);
};

/// An image layout of the OCI in a folder. Blobs may be changed after the fact.
class Layout {
 public:
  explicit Layout(std::string folder);
  /// Writes the bytes as a blob; its descriptor.
  Json add_blob(const std::string& bytes, const std::string& media_type) const;
  /// A layer of a tar, as it is or compressed by gzip or zstd.
  void add_layer(const std::string& tar,
                 recipe::CompressionType type = recipe::CompressionType::none);
  /// Writes manifest and configuration of the layers so far; the manifest's descriptor.
  Json add_manifest(const std::string& architecture = "amd64");
  void write_index(const std::vector<Json>& manifests) const;
  [[nodiscard]] std::string blob(const std::string& digest) const;
  /// The layout as one tar file.
  void pack(const std::string& to) const;

  std::vector<Json> layers;
  std::vector<std::string> diff_ids;

 private:
  std::string folder_;
};

/// The layout's only image, of these tars.
void write_layout(const std::string& folder, const std::vector<std::string>& tars);

}  // namespace kata::test
