// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/unpack.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <vector>

#include "builder/archive/extract.h"
#include "builder/pipeline/disk_space.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::kernel {
namespace {

namespace fs = std::filesystem;

/// Large, and of no use to most guests; none of the rest of a kernel reads a file of theirs.
constexpr std::string_view kOptionalFolders =
    "drivers/ata/ drivers/bluetooth/ drivers/clk/ drivers/comedi/ drivers/crypto/ "
    "drivers/gpio/ drivers/gpu/ drivers/hid/ drivers/hwmon/ drivers/i2c/ drivers/iio/ "
    "drivers/infiniband/ drivers/interconnect/ drivers/leds/ drivers/media/ "
    "drivers/mfd/ drivers/misc/ drivers/mmc/ drivers/mtd/ drivers/net/can/ "
    "drivers/net/dsa/ drivers/net/ethernet/ drivers/net/phy/ drivers/net/usb/ "
    "drivers/net/wan/ drivers/net/wireless/ drivers/nvme/ drivers/phy/ "
    "drivers/pinctrl/ drivers/platform/ drivers/power/ drivers/regulator/ "
    "drivers/remoteproc/ drivers/s390/ drivers/soc/ drivers/spi/ drivers/staging/ "
    "drivers/target/ drivers/thunderbolt/ drivers/usb/ drivers/video/fbdev/ "
    "drivers/watchdog/ fs/btrfs/ fs/f2fs/ fs/ocfs2/ fs/smb/ sound/";

/// What Kconfig and make read of folders that stay switched off.
bool is_read_by_the_build(std::string_view path) {
  const std::string_view name = base_name(path);
  return name.starts_with("Kconfig") || name.starts_with("Makefile") || name == "Kbuild";
}

/// Without the tree's top folder.
std::string_view inner_path(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_below_any(std::string_view path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](const std::string& folder) { return path.starts_with(folder); });
}

/// The folders that no patch names.
std::vector<std::string> untouched_folders(const std::vector<std::string>& patches) {
  std::vector<std::string> folders;
  for (const std::string_view folder : words_of(kOptionalFolders)) folders.emplace_back(folder);
  for (const std::string& patch : patches) {
    const std::string text = read_file(patch);
    std::erase_if(folders, [&](const std::string& folder) {
      return text.find("/" + folder) != std::string::npos;
    });
  }
  return folders;
}

/// The tarball of the kernel among a source RPM's files: the largest one.
std::string tarball_in(const std::string& folder, const std::string& srpm) {
  std::string best;
  std::uintmax_t best_size = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".tar") == std::string::npos && !name.ends_with(".tgz")) continue;
    if (entry.is_regular_file() && entry.file_size() >= best_size) {
      best = entry.path().string();
      best_size = entry.file_size();
    }
  }
  if (best.empty())
    throw_error(Code::invalid_argument, "unpack {}: there is no tarball in this source RPM", srpm);
  return best;
}

std::string top_folder(const std::string& folder, const std::string& archive) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::string top = folder;
  if (entries.size() == 1 && fs::is_directory(entries[0])) top = entries[0].string();
  for (const char* name : {"Makefile", "Kconfig"}) {
    if (!path_exists(join_path(top, name))) {
      throw_error(Code::invalid_argument,
                  "unpack {}: this is no kernel source: its top folder has no {}", archive, name);
    }
  }
  return top;
}

/// The patches in the order in which they are applied: the source RPM's, then the recipe's.
std::vector<std::string> patches_of(const recipe::KernelRecipe& recipe, const std::string& archive,
                                    const std::string& rpm_folder) {
  std::vector<std::string> patches;
  for (const std::string& name : recipe.source.patches) {
    patches.push_back(join_path(rpm_folder, name));
    if (!path_exists(patches.back())) {
      throw_error(Code::invalid_argument, "apply patch {}: there is no such file in {}", name,
                  archive);
    }
  }
  patches.insert(patches.end(), recipe.patches.begin(), recipe.patches.end());
  return patches;
}

void apply_patch(const std::string& patch, const std::string& tree, pipeline::Context& context) {
  if (!find_program("patch")) {
    throw_error(Code::failed_precondition,
                "apply {}: there is no program patch: install the package patch", patch);
  }
  Command command;
  command.argv = {"patch", "-p1", "--batch", "--forward", "--fuzz=0", "--input", patch};
  command.cwd = tree;
  in_context([&] { run_checked(context.runner, command); }, "apply patch {}", patch);
}

}  // namespace

bool is_needed_for_x86(std::string_view path) {
  if (path.find('/') == std::string_view::npos || is_read_by_the_build(path)) return true;
  const std::string_view inner = inner_path(path);
  if (inner.starts_with("arch/")) {
    const std::string_view arch = inner.substr(5);
    return arch.find('/') == std::string_view::npos || arch.starts_with("x86/");
  }
  for (const std::string_view folder :
       {"Documentation/", "tools/testing/", "tools/perf/", "samples/"}) {
    if (inner.starts_with(folder)) return false;
  }
  return true;
}

SourceTree unpack_source(const recipe::KernelRecipe& recipe, const SourceArchive& archive,
                         const std::string& folder, pipeline::Context& context) {
  SourceTree tree;
  tree.tarball = archive.path;
  const std::string rpm_folder = join_path(folder, "rpm");
  context.progress.begin("source", "unpacking " + archive.path,
                         context.cache.recall("unpack").value_or(0));
  if (recipe.source.kind == recipe::SourceKind::srpm) {
    make_directories(rpm_folder);
    archive::extract(archive.path, rpm_folder, {}, {});
    tree.tarball = tarball_in(rpm_folder, archive.path);
  }
  const std::vector<std::string> patches = patches_of(recipe, archive.path, rpm_folder);
  tree.left_out = untouched_folders(patches);
  tree.folder = join_path(folder, "source");
  make_directories(tree.folder);
  const std::uint64_t count = archive::extract(
      tree.tarball, tree.folder,
      [&](std::string_view path) {
        return is_needed_for_x86(path) &&
               (is_read_by_the_build(path) || !is_below_any(inner_path(path), tree.left_out));
      },
      [&](std::string_view path) { context.progress.step(path); });
  context.cache.remember("unpack", count);
  context.progress.end(fmt::format("{} files unpacked", count));
  tree.top = top_folder(tree.folder, tree.tarball);
  for (const std::string& patch : patches) apply_patch(patch, tree.top, context);
  return tree;
}

std::vector<std::string> needed_folders(const std::vector<std::string>& left_out,
                                        const Values& config, const KconfigTree& kconfig) {
  std::vector<std::string> needed;
  const auto is_on = [&](const std::string& symbol) {
    const auto found = config.find(symbol);
    return found != config.end() && found->second != "n";
  };
  // a plain default, such as an endianness, is on in every kernel
  const auto is_selected = [&](const std::string& symbol) {
    const auto found = kconfig.selections.find(symbol);
    return found != kconfig.selections.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [&](const Selection& selection) { return is_on(selection.by); });
  };
  const auto is_on_in = [&](const std::string& folder) {
    return std::any_of(kconfig.symbols.begin(), kconfig.symbols.end(), [&](const auto& entry) {
      const auto& [symbol, definitions] = entry;
      return is_on(symbol) &&
             std::any_of(definitions.begin(), definitions.end(), [&](const Definition& definition) {
               return definition.place.starts_with(folder) &&
                      (definition.has_prompt || is_selected(symbol));
             });
    });
  };
  std::copy_if(left_out.begin(), left_out.end(), std::back_inserter(needed), is_on_in);
  return needed;
}

void unpack_folders(SourceTree& tree, const std::vector<std::string>& folders,
                    pipeline::Context& context) {
  context.progress.begin("source", "unpacking " + joined(folders, " "), 0);
  const std::uint64_t count = archive::extract(
      tree.tarball, tree.folder,
      [&](std::string_view path) {
        // the rest is here, maybe patched
        return is_below_any(inner_path(path), folders) && !is_read_by_the_build(path);
      },
      [&](std::string_view path) { context.progress.step(path); });
  context.progress.end(fmt::format("{} files unpacked", count));
  std::erase_if(tree.left_out, [&](const std::string& folder) {
    return std::find(folders.begin(), folders.end(), folder) != folders.end();
  });
}

}  // namespace kata::kernel
