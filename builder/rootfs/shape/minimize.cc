// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/minimize.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "builder/recipe/nearest.h"
#include "builder/rootfs/shape/origin.h"
#include "builder/rootfs/shape/removal_rules.h"
#include "builder/rootfs/shape/tree_path.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::EntryKind;

// Mount points, and what every program expects
constexpr const char* kLastingFolders[] = {"dev",   "etc",     "proc",    "root", "run", "sys",
                                           "tmp",   "usr",     "var",     "bin",  "lib", "sbin",
                                           "lib64", "var/tmp", "var/log", "mnt"};

class Minimizer {
 public:
  Minimizer(const recipe::ImageRecipe& recipe, Tree& tree)
      : recipe_(recipe),
        minimize_(recipe.minimize),
        tree_(tree),
        before_(tree),
        rules_(recipe.minimize, before_) {}

  MinimizeReport run() {
    remove_by_rules();
    if (minimize_.programs.empty())
      check_needs();
    else
      remove_unneeded_programs();
    remove_loose_links();
    remove_empty_folders();
    return std::move(report_);
  }

 private:
  void remove(const std::string& path, const std::string& rule) {
    report_.removed.emplace(path, Removed{rule, tree_.find(path)->origin});
    tree_.remove(path);
  }

  void remove_by_rules() {
    // Backwards, so that a folder comes after what is in it
    std::vector<std::pair<std::string, std::string>> going;
    for (const auto& [path, node] : tree_.nodes()) {
      if (rules_.keeps(path)) continue;
      if (std::optional<std::string> rule = rules_.rule_for(path))
        going.emplace_back(path, std::move(*rule));
    }
    for (auto item = going.rbegin(); item != going.rend(); ++item) {
      if (!has_entries(item->first)) remove(item->first, item->second);
    }
  }

  [[nodiscard]] bool has_entries(const std::string& folder) const {
    const std::string begin = folder + "/";
    const auto below = tree_.nodes().lower_bound(begin);
    return below != tree_.nodes().end() && below->first.starts_with(begin);
  }

  // --- by what is needed

  /// Of what stays, what was there before the rules and is not any more. Without a list of programs
  /// all of them count.
  void check_needs() {
    const bool program_went =
        std::any_of(report_.removed.begin(), report_.removed.end(), [&](const auto& item) {
          const Node* node = before_.find(item.first);
          return node->entry.kind == EntryKind::symlink || is_program(*node);
        });
    if (!program_went) return;
    Closure after(tree_);
    for (const auto& [path, node] : tree_.nodes()) {
      if (is_program(node)) add_if_readable(after, path);
    }
    for (const Miss& miss : after.misses()) {
      if (const std::string* removed = removed_path(miss)) throw_needed(miss, *removed);
    }
  }

  /// Programs for other machines are no concern of ours as long as nobody lists them.
  static void add_if_readable(Closure& closure, const std::string& path) {
    ignore_error(
        [&] {
          closure.add(path, {"", "stays"});
        },
        "what cannot be read cannot be checked, and is the base's own affair");
  }

  /// The path of what was missed, when a rule took it away.
  const std::string* removed_path(const Miss& miss) {
    for (const auto& [path, removed] : report_.removed) {
      if (miss.name.starts_with('/')
              ? resolve(before_, miss.name).path == path || "/" + path == miss.name
              : base_name(path) == miss.name)
        return &path;
    }
    return nullptr;
  }

  [[noreturn]] void throw_needed(const Miss& miss, const std::string& path) {
    throw_error(Code::invalid_argument,
                "{}: /{} is taken away by {}, but /{}, which stays, {}: exclude that, too, or "
                "keep /{}",
                recipe_.file, path, report_.removed.at(path).rule, miss.from,
                miss.how.starts_with("needs") ? miss.how : "needs it as " + miss.how, path);
  }

  void remove_unneeded_programs() {
    Closure closure(tree_);
    for (const std::string& pattern : minimize_.programs) add_programs(closure, pattern);
    for (const std::string& library : minimize_.libraries) add_library(closure, library);
    add_own(closure);
    for (const Miss& miss : closure.misses()) throw_missing(closure, miss);
    report_.kept = closure.kept();
    std::vector<std::string> going;
    for (const auto& [path, node] : tree_.nodes()) {
      if (!report_.kept.contains(path) && is_program(node)) going.push_back(path);
    }
    for (const std::string& path : going) remove(path, "minimize.programs: none of them needs it");
  }

  void add_programs(Closure& closure, const std::string& pattern) {
    bool any = false;
    for (const std::string& path : paths_matching(tree_, glob_in(tree_, pattern))) {
      const Node* node = find_through(tree_, path);
      if (node == nullptr || !node->content) continue;
      any = true;
      closure.add(path, {"", "minimize.programs " + pattern});
    }
    if (any) return;
    throw_error(Code::invalid_argument, "{}: minimize.programs: the image has no file {}{}",
                recipe_.file, pattern, hint_for(pattern));
  }

  [[nodiscard]] std::string hint_for(const std::string& pattern) const {
    if (const std::string path = pattern.substr(1); report_.removed.contains(path))
      return fmt::format(": {} takes it away", report_.removed.at(path).rule);
    std::vector<std::string> names;
    std::map<std::string, std::string> paths;
    for (const auto& [path, node] : tree_.nodes()) {
      if (!node.content || (node.entry.mode & 0111U) == 0) continue;
      const std::string name(base_name(path));
      if (paths.emplace(name, path).second) names.push_back(name);
    }
    const std::string wanted(base_name(pattern));
    if (const auto same = paths.find(wanted); same != paths.end())
      return fmt::format("; did you mean /{}?", same->second);
    const std::vector<std::string> near = recipe::nearest_names(wanted, names);
    return near.empty() ? "" : fmt::format("; did you mean /{}?", paths.at(near.front()));
  }

  void add_library(Closure& closure, const std::string& library) {
    const Reason reason{"", "minimize.libraries " + library};
    bool any = false;
    if (library.starts_with('/')) {
      for (const std::string& path : paths_matching(tree_, glob_in(tree_, library))) {
        const Node* node = find_through(tree_, path);
        if (node == nullptr || !node->content) continue;
        any = true;
        closure.add(path, reason);
      }
    } else {
      any = closure.add_library(library, reason);
    }
    if (!any)
      throw_error(Code::invalid_argument, "{}: minimize.libraries: the image has no library {}",
                  recipe_.file, library);
  }

  /// What the recipe itself brought in or says to keep, and the init of an image that has one.
  void add_own(Closure& closure) {
    for (const auto& [path, node] : tree_.nodes()) {
      const bool is_link = node.entry.kind == EntryKind::symlink;
      if (!is_link && !node.content) continue;
      const bool is_kept = rules_.keeps(path);
      if (!is_kept && !is_of_recipe(node)) continue;
      const Node* target = is_link ? find_through(tree_, path) : &node;
      if (target == nullptr || !is_program(*target)) continue;
      closure.add(path, {"", is_kept ? "minimize.keep" : node.origin});
    }
    if (!recipe_.agent.as_service) return;
    for (const char* path : {"init", "sbin/init"}) {
      if (find_through(tree_, path) != nullptr) closure.add(path, {"", "agent.as: service"});
    }
  }

  [[noreturn]] void throw_missing(const Closure& closure, const Miss& miss) {
    if (const std::string* removed = removed_path(miss)) throw_needed(miss, *removed);
    std::string chain;
    for (const std::string& step : chain_of(closure.kept(), miss.from))
      chain += (chain.empty() ? "" : " -> ") + step;
    throw_error(Code::invalid_argument,
                "{}: {} {} {}, which is not in the image: add the package that has it, or leave "
                "the program out",
                recipe_.file, chain, miss.how.starts_with("needs") ? "needs" : "is run by",
                miss.name);
  }

  // --- what is left over

  /// Links that led to something and lead to nothing now.
  void remove_loose_links() {
    std::vector<std::pair<std::string, std::string>> going;
    for (const auto& [path, node] : tree_.nodes()) {
      if (node.entry.kind != EntryKind::symlink || rules_.keeps(path)) continue;
      if (resolve(tree_, path).state != TreePath::State::missing) continue;
      const TreePath target = resolve(before_, path);
      if (target.state == TreePath::State::found)
        going.emplace_back(path, fmt::format("what it led to went: /{}", target.path));
    }
    for (const auto& [path, rule] : going) remove(path, rule);
  }

  /// Folders whose last entry was taken away. One of a special owner or mode waits for files that
  /// come at run time, and one that a link leads to is somebody's place.
  void remove_empty_folders() {
    std::set<std::string> linked;
    for (const auto& [path, node] : tree_.nodes()) {
      if (node.entry.kind == EntryKind::symlink) linked.insert(resolve(tree_, path).path);
    }
    std::set<std::string> candidates;
    for (const auto& [path, removed] : report_.removed) candidates.insert(parent_path(path));
    while (!candidates.empty()) {
      const std::string folder = *candidates.rbegin();
      candidates.erase(std::prev(candidates.end()));
      const Node* node = tree_.find(folder);
      if (node == nullptr || has_entries(folder) || !is_plain(*node) || linked.contains(folder) ||
          rules_.keeps(folder))
        continue;
      remove(folder, "nothing is left in it");
      candidates.insert(parent_path(folder));
    }
  }

  [[nodiscard]] static bool is_plain(const Node& folder) {
    return folder.entry.kind == EntryKind::directory && folder.entry.uid == 0 &&
           folder.entry.gid == 0 && (folder.entry.mode & 07777U) == 0755 && !is_of_recipe(folder) &&
           std::find(std::begin(kLastingFolders), std::end(kLastingFolders), folder.entry.path) ==
               std::end(kLastingFolders);
  }

  const recipe::ImageRecipe& recipe_;
  const recipe::Minimize& minimize_;
  Tree& tree_;
  const Tree before_;
  RemovalRules rules_;
  MinimizeReport report_;
};

bool has_work(const recipe::Minimize& minimize) {
  return !minimize.exclude.empty() || !minimize.documentation || !minimize.package_databases ||
         minimize.locales || !minimize.programs.empty();
}

}  // namespace

MinimizeReport minimize(const recipe::ImageRecipe& recipe, Tree& tree) {
  if (!has_work(recipe.minimize)) return {};
  return Minimizer(recipe, tree).run();
}

}  // namespace kata::rootfs
