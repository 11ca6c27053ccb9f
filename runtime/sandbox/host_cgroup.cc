// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/host_cgroup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/text.h"

namespace kata::sandbox {
namespace {

constexpr unsigned kRetryMicroseconds = 10000;

/// systemd nests slices by their names: "a-b.slice" is in "a.slice". See systemd.slice(5).
std::string expand_slice(const std::string& slice) {
  if (slice.empty() || slice == "-.slice") return "/";
  const std::string suffix = ".slice";
  const std::string stem = slice.substr(0, slice.size() - suffix.size());
  std::string path;
  std::string prefix;
  for (const std::string& part : split_text(stem, '-')) {
    prefix += (prefix.empty() ? "" : "-") + part;
    path += "/" + prefix + suffix;
  }
  return path;
}

/// Hierarchies of /proc/self/cgroup that are mounted below `root`: v1 ones by controller or name,
/// and the v2 tree.
std::vector<std::string> mounted_hierarchies(const std::string& root, const std::string& proc) {
  std::vector<std::string> found;
  for (const std::string& line : split_text(read_file(join_path(proc, "self/cgroup")), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.starts_with("name=")) controllers.erase(0, 5);
    const std::string folder = controllers.empty() ? root : join_path(root, controllers);
    // In hybrid mode the v2 tree is at "unified"; in a pure one it is the root itself.
    if (controllers.empty() && path_exists(join_path(root, "unified/cgroup.procs"))) {
      found.push_back(join_path(root, "unified"));
    } else if (path_exists(join_path(folder, "cgroup.procs"))) {
      found.push_back(folder);
    }
  }
  return found;
}

/// A v1 cpuset takes processes only once its cpus and mems are set; they are taken from the parent.
void inherit_cpuset(const std::string& folder) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    const std::string own = join_path(folder, file);
    if (!path_exists(own) || !read_line_of(own).empty()) continue;
    write_kernel_file(own, read_line_of(join_path(parent_path(folder), file)));
  }
}

/// Hands the controllers of a v2 cgroup on to its children: limits can be set and accounts read
/// only where the parent has enabled them. One that the kernel refuses (the cgroup holds processes
/// of its own, or real-time ones) is left out: what needs it later is told. See "Controlling
/// Controllers" in the kernel's cgroup-v2.rst.
void enable_controllers(const std::string& folder) {
  const std::string file = join_path(folder, "cgroup.subtree_control");
  for (const std::string& name :
       split_text(read_line_of(join_path(folder, "cgroup.controllers")), ' ')) {
    ignore_error([&] { write_kernel_file(file, "+" + name); }, "the cgroup works without it");
  }
}

bool is_v2(const std::string& hierarchy) {
  return path_exists(join_path(hierarchy, "cgroup.controllers"));
}

}  // namespace

std::optional<SystemdScope> systemd_scope(const std::string& cgroups_path) {
  const std::vector<std::string> parts = split_text(cgroups_path, ':');
  if (parts.size() != 3 || !parts[0].ends_with(".slice")) return std::nullopt;
  return SystemdScope{.slice = parts[0], .unit = parts[1] + "-" + parts[2] + ".scope"};
}

std::string HostCgroup::path_of(const std::string& cgroups_path, const std::string& container_id) {
  if (cgroups_path.empty()) return "/kata/" + container_id;
  if (const std::optional<SystemdScope> scope = systemd_scope(cgroups_path))
    return clean_path(expand_slice(scope->slice) + "/" + scope->unit);
  return clean_path("/" + cgroups_path);
}

HostCgroup HostCgroup::for_path(const std::string& cgroups_path, const std::string& container_id,
                                const std::string& root, const std::string& proc) {
  HostCgroup cgroup;
  cgroup.path_ = path_of(cgroups_path, container_id);
  cgroup.roots_ = mounted_hierarchies(root, proc);
  for (const std::string& hierarchy : cgroup.roots_)
    cgroup.folders_.push_back(join_path(hierarchy, cgroup.path_));
  return cgroup;
}

void HostCgroup::create() {
  UndoStack undo;
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    const bool existed = path_exists(folders_[i]);
    make_directories(folders_[i]);
    if (!existed) undo.push([folder = folders_[i]] { ::rmdir(folder.c_str()); });
    // One that is there has its controllers from whoever made it: systemd, say.
    const bool unified = is_v2(roots_[i]);
    if (unified && existed) continue;
    std::string below = roots_[i];
    for (const std::string& part : split_text(path_, '/')) {
      if (part.empty()) continue;
      if (unified) enable_controllers(below);
      below = join_path(below, part);
      if (!unified) inherit_cpuset(below);
    }
  }
  undo.dismiss();
}

void HostCgroup::add(pid_t pid) const {
  for (const std::string& folder : folders_) {
    write_kernel_file(join_path(folder, "cgroup.procs"), std::to_string(pid));
  }
}

void HostCgroup::remove(std::chrono::milliseconds patience) const noexcept {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!try_remove() && std::chrono::steady_clock::now() < end) ::usleep(kRetryMicroseconds);
}

bool HostCgroup::try_remove() const noexcept {
  bool done = true;
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    ignore_error(
        [&] {
          const std::string& folder = folders_[i];
          if (folder == roots_[i] || !path_exists(folder)) return;
          for (const std::string& pid :
               split_text(read_file(join_path(folder, "cgroup.procs")), '\n')) {
            ignore_error([&] { write_kernel_file(join_path(roots_[i], "cgroup.procs"), pid); },
                         "it may have ended");
          }
          // Parents are the engine's; only our own default parent goes with its last child.
          if (::rmdir(folder.c_str()) != 0) {
            done = done && errno != EBUSY;
          } else if (path_.starts_with("/kata/")) {
            ::rmdir(parent_path(folder).c_str());
          }
        },
        "the cgroup may be gone already");
  }
  return done;
}

}  // namespace kata::sandbox
