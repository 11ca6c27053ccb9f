// SPDX-License-Identifier: Apache-2.0
//
// What tests of an image's base need: archives made by hand, image layouts of them, and a build to
// read them in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/pipeline/context.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/base.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"

namespace kata::test {

/// One member of a tar file, with no check of what it says; owner 1:2, devices 5:1.
[[nodiscard]] std::string tar_member(const std::string& name, char type,
                                     const std::string& content = "", const std::string& link = "",
                                     const std::string& mode = "0000644");
[[nodiscard]] std::string tar_of(const std::vector<std::string>& members);

class BaseBench {
 public:
  BaseBench();
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string file(const std::string& name, const std::string& content) const;
  [[nodiscard]] rootfs::Base read() { return rootfs::read_base(recipe, path("work"), context); }
  /// What read() says when it throws.
  [[nodiscard]] std::string error();
  /// A file's bytes in the base; nothing when it is no file of it.
  [[nodiscard]] static std::optional<std::string> text(const rootfs::Base& base,
                                                       const std::string& path);

 private:
  TempDir dir_;
  pipeline::Cache cache_{dir_.path() + "/cache"};
  RealCommandRunner runner_;
  pipeline::ProgressBoard board_;
  pipeline::Progress progress_{board_};

 public:
  std::string messages;
  pipeline::Context context;
  recipe::ImageRecipe recipe;
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
