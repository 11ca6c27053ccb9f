// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata {
namespace {

std::vector<std::string> names_in(UniqueFd folder, const std::string& shown) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(folder.get()), ::closedir);
  if (!stream) throw_errno(errno, "list {}", shown);
  (void)folder.release();  // the stream closes it
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

class TreeRemover {
 public:
  /// Whatever stands in the way is noted, and the rest goes.
  void remove(int parent, const std::string& name, const std::string& shown) noexcept {
    try {
      remove_one(parent, name, shown);
    } catch (...) {
      if (!first_) first_ = std::current_exception();
    }
  }

  void finish() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  void remove_one(int parent, const std::string& name, const std::string& shown) {
    if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM) fail(errno, shown);
    // Asked before the folder is opened: of one that something is mounted on, the kernel says EBUSY
    // before it looks whether it is empty.
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    if (errno == ENOTDIR) fail(EPERM, shown);  // a file that may not go: immutable, or not ours
    if (errno != ENOTEMPTY && errno != EEXIST) fail(errno, shown);
    UniqueFd folder(
        ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) fail(errno, shown);
    const UniqueFd base(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0));
    if (!base) throw_errno(errno, "open {}", shown);
    for (const std::string& entry : names_in(std::move(folder), shown)) {
      remove(base.get(), entry, shown + "/" + entry);
    }
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) fail(errno, shown);
  }

  [[noreturn]] static void fail(int err, const std::string& shown) {
    if (err != EBUSY) throw_errno(err, "remove {}", shown);
    throw_error(Code::failed_precondition,
                "remove {}: something is mounted on it, which stays as it is; unmount it first",
                shown);
  }

  std::exception_ptr first_;
};

}  // namespace

void remove_tree(const std::string& path) {
  // A slash at the end would follow a link.
  const std::string clean = path.starts_with('/') ? clean_path(path) : path;
  TreeRemover remover;
  remover.remove(AT_FDCWD, clean, clean);
  remover.finish();
}

}  // namespace kata
