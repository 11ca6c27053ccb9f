// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/storage/copy_file.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "agent.pb.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::agent {
namespace {

constexpr std::int64_t kMaxFile = std::int64_t{1} << 36;
constexpr mode_t kModeBits = 07777;

struct Target {
  UniqueFd folder;
  std::string name;
};

/// Opens the folder of `path`, making what is missing, one step at a time so that no link leads out
/// of `root`.
Target open_target(const std::string& path, const std::string& root, mode_t folder_mode) {
  Target target{.folder = open_file(root, O_PATH | O_DIRECTORY), .name = {}};
  std::string_view rest = std::string_view(path).substr(root.size());
  while (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
  for (std::size_t slash; (slash = rest.find('/')) != std::string_view::npos;
       rest.remove_prefix(slash + 1)) {
    const std::string step(rest.substr(0, slash));
    if (::mkdirat(target.folder.get(), step.c_str(), folder_mode) != 0 && errno != EEXIST) {
      throw_errno(errno, "create folder {} of {}", step, path);
    }
    UniqueFd next(
        ::openat(target.folder.get(), step.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) throw_errno(errno, "open folder {} of {}", step, path);
    target.folder = std::move(next);
  }
  target.name = std::string(rest);
  return target;
}

void set_owner(const Target& target, const std::string& name,
               const grpc::CopyFileRequest& request) {
  if (::fchownat(target.folder.get(), name.c_str(), static_cast<uid_t>(request.uid()),
                 static_cast<gid_t>(request.gid()), AT_SYMLINK_NOFOLLOW) != 0) {
    throw_errno(errno, "chown {}", request.path());
  }
}

void make_folder(const Target& target, const grpc::CopyFileRequest& request) {
  const mode_t mode = request.file_mode() & kModeBits;
  if (::mkdirat(target.folder.get(), target.name.c_str(), mode) != 0 && errno != EEXIST) {
    throw_errno(errno, "create folder {}", request.path());
  }
  set_owner(target, target.name, request);
  const UniqueFd made(::openat(target.folder.get(), target.name.c_str(),
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!made || ::fchmod(made.get(), mode) != 0) throw_errno(errno, "chmod {}", request.path());
}

void rename_into_place(const Target& target, const std::string& temporary,
                       const std::string& path) {
  if (::renameat(target.folder.get(), temporary.c_str(), target.folder.get(),
                 target.name.c_str()) != 0) {
    throw_errno(errno, "rename {}", path);
  }
}

void make_link(const Target& target, const std::string& temporary,
               const grpc::CopyFileRequest& request) {
  ::unlinkat(target.folder.get(), temporary.c_str(), 0);
  if (request.data().empty() || request.data().size() > PATH_MAX - 1 ||
      ::symlinkat(request.data().c_str(), target.folder.get(), temporary.c_str()) != 0) {
    throw_errno(request.data().empty() ? EINVAL : errno, "create link {}", request.path());
  }
  set_owner(target, temporary, request);
  rename_into_place(target, temporary, request.path());
}

void write_piece(const Target& target, const std::string& temporary,
                 const grpc::CopyFileRequest& request) {
  const std::int64_t size = static_cast<std::int64_t>(request.data().size());
  if (request.offset() < 0 || request.file_size() < 0 || request.file_size() > kMaxFile ||
      request.offset() > request.file_size() - size) {
    throw_error(Code::invalid_argument, "{} bytes at {} are not in a file of {}", size,
                request.offset(), request.file_size());
  }
  const int start = request.offset() == 0 ? O_CREAT | O_TRUNC : 0;
  const UniqueFd fd(::openat(target.folder.get(), temporary.c_str(),
                             O_WRONLY | O_NOFOLLOW | O_CLOEXEC | start, mode_t{0600}));
  if (!fd) throw_errno(errno, "open {}", request.path());
  std::string_view rest = request.data();
  std::int64_t at = request.offset();
  while (!rest.empty()) {
    const ssize_t count = ::pwrite(fd.get(), rest.data(), rest.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "write {}", request.path());
    rest.remove_prefix(static_cast<std::size_t>(count));
    at += count;
  }
  if (at < request.file_size()) return;
  set_owner(target, temporary, request);
  if (::fchmod(fd.get(), request.file_mode() & kModeBits) != 0)
    throw_errno(errno, "chmod {}", request.path());
  rename_into_place(target, temporary, request.path());
}

}  // namespace

void copy_file(const grpc::CopyFileRequest& request, const std::string& root) {
  if (request.path().size() > PATH_MAX - 1 || request.path().find('\0') != std::string::npos) {
    throw_error(Code::invalid_argument, "path of {} bytes", request.path().size());
  }
  const std::string path = clean_path(request.path());
  if (!request.path().starts_with('/') || path == root || !is_below(path, root)) {
    throw_error(Code::invalid_argument, "{} is not below {}", request.path().substr(0, 256), root);
  }
  const mode_t folder_mode =
      (request.dir_mode() & kModeBits) == 0 ? mode_t{0755} : request.dir_mode() & kModeBits;
  const Target target = open_target(path, root, folder_mode);
  if (target.name.size() > 240)
    throw_error(Code::invalid_argument, "file name of {} bytes", target.name.size());
  const std::string temporary = "." + target.name + ".part";
  switch (request.file_mode() & S_IFMT) {
    case S_IFDIR:
      return make_folder(target, request);
    case S_IFLNK:
      return make_link(target, temporary, request);
    case 0:
    case S_IFREG:
      return write_piece(target, temporary, request);
    default:
      throw_error(Code::invalid_argument, "file type {:#o} of {}", request.file_mode() & S_IFMT,
                  path);
  }
}

}  // namespace kata::agent
