// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/drop_in.h"

#include <fmt/core.h>

#include "builder/rootfs/shape/guest_hooks.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

std::string toml_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string begin_drop_in(const recipe::ImageRecipe& recipe, const std::string& key,
                          const std::string& image) {
  std::string text = fmt::format(
      "# Makes {} the guest's root: copy this file into /etc/kata-containers/config.d/.\n"
      "# Change the path when the image is moved.\n"
      "[hypervisor.qemu]\n"
      "{} = {}\n",
      base_name(image), key, toml_string(image));
  if (!recipe.guest_hooks.empty())
    text += fmt::format("guest_hook_path = {}\n", toml_string(kGuestHookPath));
  return text;
}

}  // namespace kata::rootfs
