// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/unpack.h"

#include <filesystem>
#include <string_view>
#include <vector>

#include "builder/archive/extract.h"
#include "builder/pipeline/disk_space.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::kernel {
namespace {

namespace fs = std::filesystem;

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
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view inner = path.substr(slash + 1);
  const std::string_view name = base_name(inner);
  // Kconfig reads every architecture-independent menu and the Makefiles of folders that stay
  // switched off
  if (name.starts_with("Kconfig") || name.starts_with("Makefile") || name == "Kbuild") return true;
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

std::string unpack_source(const recipe::KernelRecipe& recipe, const SourceArchive& archive,
                          const std::string& folder, pipeline::Context& context) {
  std::string tarball = archive.path;
  const std::string rpm_folder = join_path(folder, "rpm");
  context.progress.begin("source", "unpacking " + archive.path,
                         context.cache.recall("unpack").value_or(0));
  if (recipe.source.kind == recipe::SourceKind::srpm) {
    make_directories(rpm_folder);
    archive::extract(archive.path, rpm_folder, {}, {});
    tarball = tarball_in(rpm_folder, archive.path);
  }
  const std::string tree_folder = join_path(folder, "source");
  make_directories(tree_folder);
  const std::uint64_t count =
      archive::extract(tarball, tree_folder, is_needed_for_x86,
                       [&](std::string_view path) { context.progress.step(path); });
  context.cache.remember("unpack", count);
  context.progress.end(fmt::format("{} files unpacked", count));
  const std::string top = top_folder(tree_folder, tarball);
  for (const std::string& name : recipe.source.patches) {
    const std::string patch = join_path(rpm_folder, name);
    if (!path_exists(patch)) {
      throw_error(Code::invalid_argument, "apply patch {}: there is no such file in {}", name,
                  archive.path);
    }
    apply_patch(patch, top, context);
  }
  for (const std::string& patch : recipe.patches) apply_patch(patch, top, context);
  return top;
}

}  // namespace kata::kernel
