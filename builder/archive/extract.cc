// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "builder/archive/archive_reader.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::archive {
namespace {

/// Whether a link at `path` to `target` stays within the folder, read as text.
bool link_stays_inside(const std::string& path, const std::string& target) {
  if (target.empty() || target.front() == '/') return false;
  int depth = 0;
  for (const char c : path) depth += c == '/' ? 1 : 0;
  std::size_t begin = 0;
  while (begin <= target.size()) {
    const std::size_t end = std::min(target.find('/', begin), target.size());
    const std::string_view part = std::string_view(target).substr(begin, end - begin);
    if (part == "..") {
      if (--depth < 0) return false;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    begin = end + 1;
  }
  return true;
}

class Extractor {
 public:
  Extractor(const std::string& archive_path, const std::string& folder)
      : archive_(archive_path), folder_(folder) {}

  void add(ArchiveReader& reader, const Entry& entry, const std::string& path) {
    const std::string full = join_path(folder_, path);
    if (entry.kind == EntryKind::directory) {
      check_no_link_above(path + "/");
      make_directories(full);
      return;
    }
    check_no_link_above(path);
    make_directories(parent_path(full));
    ::unlink(full.c_str());
    switch (entry.kind) {
      case EntryKind::file:
        write_content(reader, entry, full);
        break;
      case EntryKind::symlink:
        if (!link_stays_inside(path, entry.target))
          refuse(entry, "is a link to " + entry.target + ", outside of the folder");
        if (::symlink(entry.target.c_str(), full.c_str()) != 0) throw_errno(errno, "link {}", full);
        links_.insert(path);
        break;
      case EntryKind::hardlink: {
        Entry target;
        target.path = entry.target;
        const std::string from = safe_entry_path(target, archive_);
        check_no_link_above(from);
        if (::link(join_path(folder_, from).c_str(), full.c_str()) != 0)
          throw_errno(errno, "link {} to {}", full, from);
        if (entry.size > 0) {  // in newc the last name of a file carries its bytes
          const UniqueFd fd = open_file(full, O_WRONLY | O_TRUNC);
          in_context([&] { reader.copy_content(fd.get()); }, "write {}", full);
        }
        break;
      }
      default:
        refuse(entry, "is a device, pipe or socket");
    }
  }

 private:
  [[noreturn]] void refuse(const Entry& entry, const std::string& why) const {
    throw_error(Code::invalid_argument, "{}: entry {} {}: refused", archive_, entry.path, why);
  }

  /// An entry below a link of this archive would be written through it.
  void check_no_link_above(const std::string& path) const {
    if (links_.empty()) return;
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (links_.contains(path.substr(0, slash))) {
        throw_error(Code::invalid_argument, "{}: entry {} lies below the link {}: refused",
                    archive_, path, path.substr(0, slash));
      }
    }
  }

  static void write_content(ArchiveReader& reader, const Entry& entry, const std::string& full) {
    const UniqueFd fd = open_file(full, O_WRONLY | O_CREAT | O_EXCL, (entry.mode & 0777U) | 0600U);
    in_context([&] { reader.copy_content(fd.get()); }, "write {}", full);
    const struct timespec times[2] = {{.tv_sec = entry.mtime, .tv_nsec = 0},
                                      {.tv_sec = entry.mtime, .tv_nsec = 0}};
    if (::futimens(fd.get(), times) != 0) throw_errno(errno, "set the time of {}", full);
  }

  const std::string& archive_;
  const std::string& folder_;
  std::set<std::string> links_;
};

}  // namespace

std::uint64_t extract(const std::string& archive_path, const std::string& folder,
                      const std::function<bool(std::string_view)>& wanted,
                      const std::function<void(std::string_view)>& on_file) {
  ArchiveReader reader(archive_path);
  Extractor extractor(archive_path, folder);
  std::uint64_t count = 0;
  while (const std::optional<Entry> entry = reader.next()) {
    const std::string path = safe_entry_path(*entry, archive_path);
    if (path.empty() || (wanted && !wanted(path))) continue;
    extractor.add(reader, *entry, path);
    ++count;
    if (on_file) on_file(path);
  }
  return count;
}

}  // namespace kata::archive
