// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/drop_in.h"

#include <fmt/core.h>

#include "builder/rootfs/shape/guest_hooks.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

constexpr std::string_view kFirstWord = "# Makes ";
constexpr std::string_view kPurpose = " the guest's root:";

std::string toml_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

bool needs_drop_in(const recipe::ImageRecipe& recipe) noexcept {
  return recipe.format == recipe::ImageFormat::disk || !recipe.guest_hooks.empty();
}

bool is_drop_in(std::string_view text) noexcept {
  return text.starts_with(kFirstWord) &&
         text.substr(0, text.find('\n')).find(kPurpose) != std::string_view::npos;
}

std::string begin_drop_in(const recipe::ImageRecipe& recipe, const std::string& image) {
  std::string text = fmt::format(
      "{}{}{} copy this file into /etc/kata-containers/config.d/.\n"
      "# Change the path when the image is moved.\n"
      "[hypervisor.qemu]\n"
      "{} = {}\n",
      kFirstWord, base_name(image), kPurpose,
      recipe.format == recipe::ImageFormat::initrd ? "initrd" : "image", toml_string(image));
  if (!recipe.guest_hooks.empty())
    text += fmt::format("guest_hook_path = {}\n", toml_string(kGuestHookPath));
  return text;
}

}  // namespace kata::rootfs
