// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/publish.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "builder/pipeline/disk_space.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/remove_tree.h"
#include "runtime/base/scope_exit.h"

namespace kata::pipeline {
namespace {

// The name is the same each time, so that what a killed builder left is found again; the folder's
// lock makes it safe.
constexpr std::string_view kPartial = ".katabuild-partial-";

std::size_t read_some(int fd, const std::string& path, std::vector<char>& buffer) {
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_errno(errno, "read {}", path);
  }
}

bool same_bytes(const std::string& a, const std::string& b) {
  struct stat sa {};
  struct stat sb {};
  if (::stat(a.c_str(), &sa) != 0 || ::lstat(b.c_str(), &sb) != 0) return false;
  if (!S_ISREG(sb.st_mode) || sa.st_size != sb.st_size) return false;
  const UniqueFd fa = open_file(a, O_RDONLY);
  const UniqueFd fb = open_file(b, O_RDONLY);
  std::vector<char> ba(1U << 17);
  std::vector<char> bb(1U << 17);
  for (;;) {
    const std::size_t ca = read_some(fa.get(), a, ba);
    const std::size_t cb = read_some(fb.get(), b, bb);
    if (ca != cb || std::memcmp(ba.data(), bb.data(), ca) != 0) return false;
    if (ca == 0) return true;
  }
}

void copy_bytes(int in, int out, off_t begin, off_t end, const std::string& from,
                std::vector<char>& buffer) {
  if (::lseek(in, begin, SEEK_SET) < 0 || ::lseek(out, begin, SEEK_SET) < 0)
    throw_errno(errno, "find a place in {}", from);
  while (begin < end) {
    throw_if_interrupted();
    const std::size_t count = read_some(in, from, buffer);
    if (count == 0) throw_error(Code::data_loss, "read {}: it became shorter meanwhile", from);
    const auto wanted = std::min(count, static_cast<std::size_t>(end - begin));
    write_all(out, {buffer.data(), wanted});
    begin += static_cast<off_t>(wanted);
  }
}

void rename_into_place(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  const int err = errno;
  ::unlink(from.c_str());
  throw_errno(err, "rename {} to {}", from, to);
}

/// The regular files below a folder that need not be there, by their paths in it, sorted.
std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> files;
  if (!path_exists(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(folder).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool same_folder(const std::string& a, const std::string& b) {
  const std::vector<std::string> files = files_of(a);
  return files == files_of(b) &&
         std::all_of(files.begin(), files.end(), [&](const std::string& file) {
           return same_bytes(join_path(a, file), join_path(b, file));
         });
}

std::string made_folder(const std::string& path) {
  make_directories(path);
  return path;
}

}  // namespace

void copy_file(const std::string& from, const std::string& to, unsigned mode) {
  const UniqueFd in = open_file(from, O_RDONLY);
  const UniqueFd out = open_file(to, O_WRONLY | O_CREAT | O_TRUNC, mode);
  std::vector<char> buffer(1U << 18);
  in_context(
      [&] {
        const off_t size = ::lseek(in.get(), 0, SEEK_END);
        // An image is holes for the most part. A file system that knows none says "all is data".
        for (off_t at = 0; at < size;) {
          const off_t data = ::lseek(in.get(), at, SEEK_DATA);
          if (data < 0 && errno == ENXIO) break;
          const off_t hole = data < 0 ? -1 : ::lseek(in.get(), data, SEEK_HOLE);
          const off_t begin = data < 0 ? at : data;
          const off_t end = hole < 0 ? size : hole;
          copy_bytes(in.get(), out.get(), begin, end, from, buffer);
          at = end;
        }
        if (::ftruncate(out.get(), size) != 0) throw_errno(errno, "set the size of {}", to);
        if (::fchmod(out.get(), mode) != 0) throw_errno(errno, "set the mode of {}", to);
      },
      "copy {} to {}", from, to);
}

OutputFolder::OutputFolder(const std::string& path)
    : path_(explain_full_disk(parent_path(path), [&] { return made_folder(path); })),
      lock_(FileLock::of_directory(path)) {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().filename().string().starts_with(kPartial)) remove_tree(entry.path().string());
  }
}

std::string OutputFolder::path_of(std::string_view name) const { return join_path(path_, name); }

void OutputFolder::add_file(const std::string& from, const std::string& name, unsigned mode) {
  const std::string to = path_of(name);
  if (same_bytes(from, to)) return;
  const std::string partial = path_of(std::string(kPartial) + name);
  explain_full_disk(path_, [&] {
    try {
      copy_file(from, partial, mode);
    } catch (...) {
      ::unlink(partial.c_str());
      throw;
    }
  });
  rename_into_place(partial, to);
}

void OutputFolder::add_folder(const std::string& from, const std::string& name) {
  const std::string to = path_of(name);
  if (same_folder(from, to)) return;
  const std::string partial = path_of(std::string(kPartial) + "folder");
  const ScopeExit clean([&] { remove_tree(partial); });
  explain_full_disk(path_, [&] {
    for (const std::string& file : files_of(from)) {
      const std::string copy = join_path(partial, file);
      make_directories(parent_path(copy));
      copy_file(join_path(from, file), copy, 0644);
    }
    make_directories(parent_path(to));
  });
  remove_tree(to);
  rename_into_place(partial, to);
}

void OutputFolder::remove_folder(const std::string& name) { remove_tree(path_of(name)); }

void OutputFolder::add_text(std::string_view text, const std::string& name) {
  const std::string partial = path_of(std::string(kPartial) + name);
  explain_full_disk(path_, [&] {
    try {
      write_file(partial, text);
    } catch (...) {
      ::unlink(partial.c_str());
      throw;
    }
  });
  rename_into_place(partial, path_of(name));
}

void OutputFolder::add_symlink(const std::string& target, const std::string& name) {
  const std::string partial = path_of(std::string(kPartial) + name);
  if (::symlink(target.c_str(), partial.c_str()) != 0)
    throw_errno(errno, "link {} to {}", partial, target);
  rename_into_place(partial, path_of(name));
}

void OutputFolder::remove(const std::string& name) {
  const std::string path = path_of(name);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_errno(errno, "remove {}", path);
}

}  // namespace kata::pipeline
