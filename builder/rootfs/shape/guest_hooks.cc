// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/guest_hooks.h"

#include <string>
#include <string_view>
#include <utility>

#include "builder/rootfs/folder.h"
#include "builder/rootfs/shape/origin.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

bool is_moment(std::string_view name) {
  return name == "prestart" || name == "poststart" || name == "poststop";
}

void check_hook(const Node& node) {
  const std::string& path = node.entry.path;
  const std::size_t slash = path.find('/');
  if (!is_moment(std::string_view(path).substr(0, slash)))
    throw_error(Code::invalid_argument,
                "{} is in none of the folders prestart, poststart and poststop", path);
  if (node.entry.kind == EntryKind::directory && slash == std::string::npos) return;
  if (slash == std::string::npos || node.entry.kind == EntryKind::directory ||
      path.find('/', slash + 1) != std::string::npos)
    throw_error(Code::invalid_argument,
                "{}: hooks are programs in the folders prestart, poststart and poststop, and "
                "nothing else is",
                path);
  if (node.entry.kind != EntryKind::file)
    throw_error(Code::invalid_argument,
                "{} is no regular file, and the agent runs no other: put the program itself there",
                path);
  if ((node.entry.mode & 0111U) == 0)
    throw_error(Code::invalid_argument, "{} cannot be run: give it the mode 0755", path);
}

}  // namespace

void add_guest_hooks(const recipe::ImageRecipe& recipe, Tree& tree) {
  if (recipe.guest_hooks.empty()) return;
  in_context(
      [&] {
        std::size_t count = 0;
        read_folder(recipe.guest_hooks, [&](Node node) {
          check_hook(node);
          if (node.entry.kind != EntryKind::directory) ++count;
          node.entry.mode = 0755;
          node.entry.xattrs.clear();
          node.entry.path = std::string(kGuestHookPath).substr(1) + "/" + node.entry.path;
          node.origin = kHooksOrigin;
          put_through(tree, std::move(node));
        });
        if (count == 0)
          throw_error(Code::invalid_argument,
                      "there is no hook in its folders prestart, poststart and poststop");
      },
      "{}: guest_hooks {}", recipe.file, recipe.guest_hooks);
}

}  // namespace kata::rootfs
