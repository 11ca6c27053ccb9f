// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/base.h"

#include <utility>

#include "builder/rootfs/base/directory_base.h"
#include "builder/rootfs/base/tar_base.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

using recipe::BaseKind;

/// The kernel opens /dev/console for the first process before anything is mounted; the folders are
/// mount points.
void add_essentials(Tree& tree) {
  const std::pair<const char*, unsigned> folders[] = {{"dev", 0755}, {"etc", 0755}, {"proc", 0555},
                                                      {"run", 0755}, {"sys", 0555}, {"tmp", 01777}};
  for (const auto& [name, mode] : folders) {
    if (!tree.contains(name)) tree.put(make_directory(name, mode));
  }
  if (!tree.contains("dev/console")) tree.put(make_device("dev/console", false, 5, 1, 0600));
}

}  // namespace

Base read_base(const recipe::ImageRecipe& recipe, const std::string& work, pipeline::Context&) {
  Base base;
  switch (recipe.base.kind) {
    case BaseKind::scratch:
      break;
    case BaseKind::directory:
      read_directory_base(recipe.base.path, base.tree);
      break;
    case BaseKind::tar:
      read_tar_base(recipe, work, base.tree);
      break;
    default:
      throw_error(Code::unimplemented, "{}: base {} is not built yet", recipe.file,
                  recipe::base_name_of(recipe.base.kind));
  }
  add_essentials(base.tree);
  return base;
}

}  // namespace kata::rootfs
