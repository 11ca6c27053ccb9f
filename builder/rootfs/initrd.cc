// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/initrd.h"

#include <fmt/core.h>

#include "builder/archive/compress.h"
#include "builder/archive/compressor.h"
#include "builder/archive/cpio_writer.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

int level_of(const recipe::Compression& compression) {
  return compression.level > 0 ? compression.level : archive::default_level(compression.type);
}

void note_lost_xattrs(const Tree& tree, pipeline::Context& context) {
  std::uint64_t count = 0;
  for (const auto& [path, node] : tree.nodes()) count += node.entry.xattrs.empty() ? 0U : 1U;
  if (count == 0) return;
  context.progress.note(fmt::format(
      "image: {} files have extended attributes (file capabilities, labels): an initrd cannot hold "
      "them, they are left out; format: image keeps them",
      count));
}

}  // namespace

std::string initrd_inputs(const recipe::ImageRecipe& recipe) {
  return fmt::format("initrd {} {}", recipe::compression_name(recipe.compression.type),
                     level_of(recipe.compression));
}

PackedImage pack_initrd(const recipe::ImageRecipe& recipe, const ImagePlan& plan,
                        const std::string& work, pipeline::Context& context) {
  note_lost_xattrs(plan.tree, context);
  PackedImage packed;
  packed.path = join_path(work, "image");
  archive::Compressor compressor(packed.path, recipe.compression, context.jobs);
  archive::CpioWriter writer([&](std::string_view part) { compressor.add(part); });
  write_tree(plan.tree, plan.timestamp, writer);
  packed.uncompressed_size = writer.finish();
  (void)compressor.finish();
  packed.facts["compression"] = {{"type", recipe::compression_name(recipe.compression.type)},
                                 {"level", level_of(recipe.compression)}};
  return packed;
}

}  // namespace kata::rootfs
