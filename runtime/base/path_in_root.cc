// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/path_in_root.h"

#include <fcntl.h>

#include <cerrno>
#include <deque>
#include <optional>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/sys_file.h"

namespace kata {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel, see path_resolution(7)
constexpr std::size_t kMaxParts = 4096;

void push_parts_front(std::deque<std::string>& parts, std::string_view path) {
  std::vector<std::string> found;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") found.emplace_back(part);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  parts.insert(parts.begin(), found.begin(), found.end());
}

UniqueFd open_part(int parent, const std::string& name, bool is_last, IfMissing if_missing) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW;
  // By hand: what is missing here is the ordinary case, and the first exception of an emulated
  // guest's process costs it 0.05 s.
  UniqueFd found(::openat(parent, name.c_str(), kFlags | O_CLOEXEC));
  if (found) return found;
  const int err = errno;
  if (if_missing == IfMissing::give_up && (err == ENOENT || err == ENOTDIR)) return UniqueFd();
  if (err != ENOENT || if_missing == IfMissing::fail) throw_errno(err, "open {}", name);
  if (is_last && if_missing == IfMissing::make_file) {
    sys::make_file_at(parent, name, 0755);
  } else {
    sys::make_directory_at(parent, name, 0755);
  }
  return sys::open_at(parent, name, kFlags);
}

}  // namespace

UniqueFd resolve_in_root(int root, std::string_view path, IfMissing if_missing) {
  std::deque<std::string> parts;
  push_parts_front(parts, path);
  std::vector<UniqueFd> way;  // the folders between root and here; ".." goes back along it
  way.push_back(sys::open_at(root, ".", O_PATH | O_DIRECTORY));
  int links = 0;
  while (!parts.empty()) {
    if (parts.size() > kMaxParts) throw_errno(ENAMETOOLONG, "resolve {}", path);
    const std::string part = std::move(parts.front());
    parts.pop_front();
    if (part == "..") {
      if (way.size() > 1) way.pop_back();
      continue;
    }
    UniqueFd next = open_part(way.back().get(), part, parts.empty(), if_missing);
    if (!next) return next;
    if (!S_ISLNK(sys::stat_of(next.get()).st_mode)) {
      way.push_back(std::move(next));
      continue;
    }
    if (++links > kMaxLinks) throw_errno(ELOOP, "resolve {}", path);
    const std::string target = sys::read_link_at(next.get(), "").value_or("");
    if (target.starts_with('/')) way.resize(1);
    push_parts_front(parts, target);
  }
  return std::move(way.back());
}

}  // namespace kata
