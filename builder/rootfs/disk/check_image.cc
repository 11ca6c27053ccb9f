// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/check_image.h"

#include <filesystem>
#include <memory>
#include <set>

#include "builder/guestfs/appliance.h"
#include "builder/guestfs/kvm.h"
#include "builder/rootfs/disk/appliance_folder.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using guestfs::Appliance;
using pipeline::Context;
using recipe::ImageRecipe;

std::unique_ptr<Appliance> start(const ImageRecipe& recipe, const std::string& disk,
                                 const std::string& work, Context& context) {
  const ApplianceFolder folder = find_appliance(recipe, work, context);
  const guestfs::KvmFinding kvm = guestfs::find_kvm();
  context.progress.note(fmt::format("image: starting libguestfs' appliance with {}; {}",
                                    folder.reason,
                                    kvm.works ? "KVM" : "software emulation: " + kvm.reason));
  guestfs::ApplianceOptions options{
      .folder = folder.path,
      .kernel_parameters = folder.path.empty() ? "" : appliance_parameters(),
      .temp = work,
      .cache = context.cache.folder("guestfs"),
      .use_kvm = kvm.works};
  return std::make_unique<Appliance>(disk, options);
}

/// Whether anything could be the appliance's kernel.
bool has_kernel(const ImageRecipe& recipe, const std::string& work, Context& context) {
  if (!find_appliance(recipe, work, context).path.empty()) return true;
  for (const char* folder : {"/boot", "/lib/modules"}) {
    if (path_exists(folder) && !std::filesystem::is_empty(folder)) return true;
  }
  return false;
}

const char* root_device(const ImageRecipe& recipe) noexcept {
  return recipe.disk.table == recipe::PartitionTable::none ? "/dev/sda" : "/dev/sda1";
}

void compare(const Tree& tree, const std::vector<std::string>& found) {
  std::set<std::string> there(found.begin(), found.end());
  there.erase("lost+found");
  for (const auto& [path, node] : tree.nodes()) {
    if (there.erase(path) == 0 && path != "lost+found")
      throw_error(Code::internal, "the kernel does not find /{} in the image", path);
  }
  if (!there.empty())
    throw_error(Code::internal, "the kernel finds /{} in the image, which is not in the tree",
                *there.begin());
}

}  // namespace

void check_image(const ImageRecipe& recipe, const ImagePlan& plan, const std::string& disk,
                 const std::string& work, Context& context) {
  if (!has_kernel(recipe, work, context)) {
    context.progress.note(
        "image: not mounted for a check: there is no kernel for it; --kernel-config names the "
        "manifest of one, or install a linux-image package");
    return;
  }
  in_context(
      [&] {
        const std::unique_ptr<Appliance> appliance = start(recipe, disk, work, context);
        const std::string device = root_device(recipe);
        const std::string expected = recipe::file_system_name(recipe.disk.filesystem);
        if (const std::string type = appliance->file_system_of(device); type != expected)
          throw_error(Code::internal, "it holds {}, not {}", type, expected);
        appliance->mount(device);
        compare(plan.tree, appliance->find(work));
        appliance->close();
      },
      "check the image");
  context.progress.note(
      fmt::format("image: mounted, and all {} entries found", plan.tree.nodes().size()));
}

}  // namespace kata::rootfs
