// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/kernel_modules.h"

#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "builder/rootfs/folder.h"
#include "builder/rootfs/shape/origin.h"
#include "builder/rootfs/shape/text.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;
using Modules = std::map<std::string, Node>;  ///< by the path within lib/modules/VERSION

bool is_module(std::string_view path) {
  for (const std::string_view suffix : {".ko", ".ko.xz", ".ko.gz", ".ko.zst"}) {
    if (path.ends_with(suffix)) return true;
  }
  return false;
}

Modules read_modules(const std::string& folder) {
  Modules modules;
  bool has_module = false;
  read_folder(folder, [&](Node node) {
    const std::string path = node.entry.path;
    // To the kernel's sources, on the machine where it was built
    if (node.entry.kind == EntryKind::symlink && (path == "build" || path == "source")) return;
    if (node.entry.kind == EntryKind::file) {
      node.entry.mode = 0644;
      has_module = has_module || is_module(path);
    } else if (node.entry.kind == EntryKind::directory) {
      node.entry.mode = 0755;
    }
    node.entry.xattrs.clear();
    modules[path] = std::move(node);
  });
  if (!has_module)
    throw_error(Code::invalid_argument,
                "there is no module (*.ko, *.ko.xz, *.ko.zst) in it: name a folder like "
                "lib/modules/VERSION");
  return modules;
}

/// Every file that modules.dep names is to be there, and every module is to be named.
void check_index(const Modules& modules, const std::string& index) {
  std::set<std::string> named;
  for (const std::string& line : lines_of(index)) {
    std::size_t begin = 0;
    while ((begin = line.find_first_not_of(": ", begin)) != std::string::npos) {
      const std::size_t end = line.find_first_of(": ", begin);
      const std::string name = line.substr(begin, end == std::string::npos ? end : end - begin);
      if (name.starts_with('#')) break;
      named.insert(name);
      if (modules.find(name) == modules.end())
        throw_error(Code::invalid_argument,
                    "its modules.dep names {}, which is not there: take modules.dep away, and "
                    "depmod makes a new one, or add the file",
                    name);
      begin = end == std::string::npos ? line.size() : end;
    }
  }
  for (const auto& [path, node] : modules) {
    if (!is_module(path) || named.contains(path)) continue;
    throw_error(Code::invalid_argument,
                "the module {} is not in its modules.dep, so that modprobe would not find it: take "
                "modules.dep away, and depmod makes a new one",
                path);
  }
}

/// depmod's indexes for the modules, made of copies: it wants a whole root.
void make_index(const std::string& version, const std::string& work, Modules& modules,
                CommandRunner& runner) {
  if (!find_program("depmod"))
    throw_error(Code::failed_precondition,
                "there is no modules.dep in it, and no program depmod to make one: install kmod");
  const TempDir root(work, "modules-");
  const std::string folder = join_path(root.path(), "lib/modules/" + version);
  for (const auto& [path, node] : modules) {
    if (node.entry.kind != EntryKind::file) continue;
    const std::string to = join_path(folder, path);
    make_directories(parent_path(to));
    write_file(to, first_bytes(*node.content, path, node.content->size));
  }
  Command command;
  command.argv = {"depmod", "--basedir", root.path(), version};
  in_context([&] { run_checked(runner, command); }, "make the index of the modules");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("modules.") || modules.contains(name)) continue;
    modules[name] = make_text_file(name, read_file(entry.path().string()), 0644);
  }
}

}  // namespace

void add_kernel_modules(const recipe::ImageRecipe& recipe, const std::string& work, Tree& tree,
                        CommandRunner& runner) {
  if (recipe.kernel_modules.empty()) return;
  in_context(
      [&] {
        const std::string version(base_name(recipe.kernel_modules));
        Modules modules = read_modules(recipe.kernel_modules);
        const auto index = modules.find("modules.dep");
        if (index != modules.end() && index->second.content)
          check_index(modules, first_bytes(*index->second.content, "modules.dep", 64U << 20));
        else
          make_index(version, work, modules, runner);
        for (auto& [path, node] : modules) {
          node.entry.path = "lib/modules/" + version + "/" + path;
          node.origin = kModulesOrigin;
          put_through(tree, std::move(node));
        }
      },
      "{}: kernel_modules {}", recipe.file, recipe.kernel_modules);
}

}  // namespace kata::rootfs
