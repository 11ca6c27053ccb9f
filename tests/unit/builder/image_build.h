// SPDX-License-Identifier: Apache-2.0
//
// An image's recipe, and all that a build of it needs, in a folder of its own.
#pragma once

#include <optional>
#include <string>

#include "builder/pipeline/cache.h"
#include "builder/pipeline/context.h"
#include "builder/pipeline/progress.h"
#include "builder/recipe/artifact.h"
#include "builder/recipe/image_recipe.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::test {

/// A static program for x86_64 as far as its headers go; or one that asks for a loader.
[[nodiscard]] std::string program_bytes(bool dynamic = false);
/// One member of a tar file, with no check of what it says; owner 1:2, devices 5:1.
[[nodiscard]] std::string tar_member(const std::string& name, char type,
                                     const std::string& content = "", const std::string& link = "",
                                     const std::string& mode = "0000644");

class ImageBuild {
 public:
  /// The recipe: scratch, and the program of program_bytes() as the agent, not compressed.
  ImageBuild();
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  /// Writes a file into the folder; its path.
  std::string file(const std::string& name, const std::string& content) const;
  recipe::ImageArtifact run(const std::string& name = "out/initrd.img");
  /// What run() says when it throws.
  [[nodiscard]] std::string error(const std::string& name = "out/initrd.img");

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

}  // namespace kata::test
