// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/cache.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "builder/pipeline/disk_space.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::pipeline {
namespace {

constexpr const char* kWorkFolders = "work";

void remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw_errno(error.value(), "remove {}", path);
}

}  // namespace

std::string default_cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return join_path(cache, "katabuild");
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return join_path(home, ".cache/katabuild");
  throw_error(
      Code::failed_precondition,
      "find a place for the cache: neither XDG_CACHE_HOME nor HOME is set: use --cache DIR");
}

WorkFolder::WorkFolder(std::string path) : path_(std::move(path)) {
  remove_tree(path_);
  make_directories(path_);
}

WorkFolder::~WorkFolder() {
  if (!kept_) ignore_error([&] { remove_tree(path_); }, "the next build removes it");
}

Cache::Cache(std::string root) : root_(std::move(root)) {
  explain_full_disk(parent_path(root_), [&] { make_directories(root_); });
}

std::string Cache::folder(std::string_view name) const {
  std::string path = join_path(root_, name);
  explain_full_disk(root_, [&] { make_directories(path); });
  return path;
}

std::string Cache::entry_path(std::string_view kind, std::string_view key) const {
  return fmt::format("{}/{}/{}", root_, kind, key);
}

std::string Cache::work_path(std::string_view kind, std::string_view key) const {
  return fmt::format("{}/{}-{}", join_path(root_, kWorkFolders), kind, key.substr(0, 16));
}

std::optional<std::string> Cache::find(std::string_view kind, std::string_view key) const {
  std::string path = entry_path(kind, key);
  if (path_exists(path)) return path;
  return std::nullopt;
}

void Cache::replace(const std::string& folder_path, std::string_view kind,
                    std::string_view key) const {
  const std::string to = join_path(folder(kind), key);
  remove_tree(to);
  if (std::rename(folder_path.c_str(), to.c_str()) != 0)
    throw_errno(errno, "rename {} to {}", folder_path, to);
}

FileLock Cache::lock(std::string_view kind, std::string_view key,
                     const std::function<void()>& on_wait) const {
  return FileLock(fmt::format("{}/{}-{}", folder("locks"), kind, key.substr(0, 16)), on_wait);
}

void Cache::remove_stale_work() const {
  const std::string work = folder(kWorkFolders);
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(work))
    names.push_back(entry.path().filename().string());
  for (const std::string& name : names) {
    const std::optional<FileLock> lock = FileLock::try_lock(join_path(folder("locks"), name));
    if (lock)
      ignore_error([&] { remove_tree(join_path(work, name)); },
                   "another builder may remove it too");
  }
}

void Cache::clean(bool everything) const {
  remove_stale_work();
  for (const char* kind :
       {"kernel", "programs", "sources", "logs", "expected", "digests", "trees", "packages"})
    remove_tree(join_path(root_, kind));
  if (everything) remove_tree(join_path(root_, "ccache"));
}

std::optional<std::uint64_t> Cache::recall(std::string_view name) const {
  const std::optional<std::string> text =
      read_file_if_exists(fmt::format("{}/expected/{}", root_, name));
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc())
    return std::nullopt;
  return number;
}

void Cache::remember(std::string_view name, std::uint64_t number) const {
  ignore_error(
      [&] { write_file_atomic(join_path(folder("expected"), name), std::to_string(number)); },
      "only a progress bar depends on it");
}

}  // namespace kata::pipeline
