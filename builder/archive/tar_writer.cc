// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>

#include "builder/pipeline/digest.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::archive {
namespace {

// Larger than any guest kernel or image; a file is held in memory once.
constexpr std::size_t kMaxFile = std::size_t{1} << 31;

using Handle = std::unique_ptr<struct archive, int (*)(struct archive*)>;

void check(struct archive* handle, la_ssize_t status, const std::string& what) {
  if (status >= ARCHIVE_OK) return;
  const int err = archive_errno(handle);
  if (err > 0) throw_errno(err, "write {}", what);
  const char* text = archive_error_string(handle);
  throw_error(Code::internal, "write {}: {}", what, text != nullptr ? text : "no details");
}

/// Sorted, with the folders above each file.
std::vector<TarFile> complete(std::vector<TarFile> files) {
  std::set<std::string> paths;
  for (const TarFile& file : files) {
    if (!paths.insert(file.path).second)
      throw_error(Code::invalid_argument, "pack {}: two files have this path", file.path);
  }
  const std::size_t count = files.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::string folder = parent_path(files[i].path); folder != "." && folder != "/";
         folder = parent_path(folder)) {
      if (paths.insert(folder).second)
        files.push_back({.path = folder, .mode = 0755, .directory = true});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const TarFile& a, const TarFile& b) { return a.path < b.path; });
  return files;
}

void write_entry(struct archive* handle, const TarFile& file, std::int64_t mtime) {
  pipeline::throw_if_interrupted();
  const bool is_file = !file.directory && file.target.empty();
  const std::string read = file.source.empty() ? "" : read_file(file.source, kMaxFile);
  const std::string& content = file.source.empty() ? file.content : read;
  const std::unique_ptr<struct archive_entry, void (*)(struct archive_entry*)> entry(
      archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), file.path.c_str());
  archive_entry_set_filetype(entry.get(), file.directory ? AE_IFDIR
                                          : is_file      ? AE_IFREG
                                                         : AE_IFLNK);
  archive_entry_set_perm(entry.get(), is_file || file.directory ? file.mode : 0777);
  archive_entry_set_uname(entry.get(), "root");
  archive_entry_set_gname(entry.get(), "root");
  archive_entry_set_mtime(entry.get(), mtime, 0);
  archive_entry_set_size(entry.get(), is_file ? static_cast<la_int64_t>(content.size()) : 0);
  if (!file.target.empty()) archive_entry_set_symlink(entry.get(), file.target.c_str());
  check(handle, archive_write_header(handle, entry.get()), file.path);
  for (std::string_view rest = is_file ? std::string_view(content) : ""; !rest.empty();) {
    const la_ssize_t written = archive_write_data(handle, rest.data(), rest.size());
    check(handle, written, file.path);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void write_tar(std::vector<TarFile> files, std::int64_t mtime, const std::string& to) {
  const UniqueFd fd = open_file(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const Handle handle(archive_write_new(), archive_write_free);
  check(handle.get(), archive_write_set_format_gnutar(handle.get()), to);
  check(handle.get(), archive_write_open_fd(handle.get(), fd.get()), to);
  in_context(
      [&] {
        for (const TarFile& file : complete(std::move(files)))
          write_entry(handle.get(), file, mtime);
        check(handle.get(), archive_write_close(handle.get()), to);
      },
      "pack {}", to);
}

std::string tar_digest(std::vector<TarFile> files) {
  pipeline::Sha256 digest;
  for (const TarFile& file : complete(std::move(files))) {
    const std::string content = file.source.empty() ? pipeline::sha256_of_text(file.content)
                                                    : pipeline::sha256_of_file(file.source);
    digest.add(fmt::format("{} {:o} {} {} {}\n", file.path, file.mode, file.directory, content,
                           file.target));
  }
  return digest.finish();
}

}  // namespace kata::archive
