// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/layout_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "builder/archive/archive_reader.h"
#include "builder/rootfs/base/spool.h"
#include "builder/rootfs/tree.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using archive::Entry;
using archive::EntryKind;

constexpr std::uint64_t kLargestText = 4U << 20;  // as registries accept manifests

Content content_of(const StoredFile& file) {
  return {.text = {}, .file = file.file, .offset = file.offset, .size = file.size, .sha256 = {}};
}

}  // namespace

std::string read_stored(const StoredFile& file, std::uint64_t limit, const std::string& name) {
  if (file.size > limit)
    throw_error(Code::resource_exhausted, "read {}: it has {} bytes, more than {}", name, file.size,
                limit);
  std::string text;
  read_content(content_of(file), name, [&](std::string_view part) { text += part; });
  return text;
}

std::string sha256_of_stored(const StoredFile& file, const std::string& name) {
  return content_sha256(content_of(file), name);
}

LayoutFiles::LayoutFiles(std::string path, const std::string& work,
                         const recipe::ImageLimits& limits)
    : path_(std::move(path)) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) throw_errno(errno, "read the image {}", path_);
  is_folder_ = S_ISDIR(status.st_mode);
  if (!is_folder_) unpack(work, limits);
}

void LayoutFiles::unpack(const std::string& work, const recipe::ImageLimits& limits) {
  archive::ArchiveReader reader(path_);
  Spool spool(join_path(work, "layout.spool"));
  std::uint64_t entries = 0;
  while (const std::optional<Entry> entry = reader.next()) {
    if (++entries > limits.entries) {
      throw_error(Code::resource_exhausted,
                  "{} holds more than {} entries: raise limits.entries in the recipe when that is "
                  "right",
                  path_, limits.entries);
    }
    const std::string name = archive::safe_entry_path(*entry, path_);
    if (entry->kind == EntryKind::symlink) {  // docker save writes a layer that occurs twice so
      links_[name] =
          clean_path(join_path(join_path("/", parent_path(name)), entry->target)).substr(1);
    } else if (entry->kind == EntryKind::hardlink) {
      links_[name] = clean_path("/" + entry->target).substr(1);
    } else if (entry->kind == EntryKind::file) {
      const std::uint64_t offset = spool.size();
      const std::shared_ptr<Content> content =
          spool.add([&](const std::function<void(std::string_view)>& take) {
            (void)reader.read_content([&](std::string_view part) {
              take(part);
              if (spool.size() <= limits.size) return;
              throw_error(Code::resource_exhausted,
                          "{} unpacks to more than {} bytes: raise limits.size in the recipe when "
                          "that is right",
                          path_, limits.size);
            });
          });
      files_[name] = {.file = spool.path(), .offset = offset, .size = content->size};
      links_.erase(name);
    }
  }
}

std::optional<StoredFile> LayoutFiles::find(const std::string& name) const {
  if (is_folder_) {
    const std::string full = join_path(path_, clean_path("/" + name));
    struct stat status {};
    if (::stat(full.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return StoredFile{
        .file = full, .offset = 0, .size = static_cast<std::uint64_t>(status.st_size)};
  }
  std::string at = clean_path("/" + name).substr(1);
  for (int follow = 0; follow < 8; ++follow) {
    if (const auto file = files_.find(at); file != files_.end()) return file->second;
    const auto link = links_.find(at);
    if (link == links_.end()) break;
    at = link->second;
  }
  return std::nullopt;
}

std::string LayoutFiles::read(const std::string& name) const {
  const std::optional<StoredFile> file = find(name);
  if (!file) throw_error(Code::not_found, "{}: the image has no {}", path_, name);
  return read_stored(*file, kLargestText, fmt::format("{} of {}", name, path_));
}

}  // namespace kata::rootfs
