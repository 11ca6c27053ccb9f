// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/disk/tree_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <memory>

#include "builder/pipeline/interrupt.h"
#include "builder/rootfs/disk/node_mode.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::rootfs {
namespace {

class TarWriter {
 public:
  explicit TarWriter(const std::string& path)
      : path_(path),
        fd_(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)),
        handle_(archive_write_new(), archive_write_free) {
    check(archive_write_set_format_pax_restricted(handle_.get()), "the format");
    check(archive_write_set_options(handle_.get(), "pax:xattrheader=SCHILY"), "the format");
    check(archive_write_open_fd(handle_.get(), fd_.get()), "the header");
  }

  void add(const std::string& path, const Node& node, std::int64_t mtime) {
    pipeline::throw_if_interrupted();
    const std::unique_ptr<struct archive_entry, void (*)(struct archive_entry*)> entry(
        archive_entry_new(), archive_entry_free);
    struct archive_entry* raw = entry.get();
    const std::uint16_t mode = node_mode(node);
    archive_entry_set_pathname(raw, path.c_str());
    archive_entry_set_mode(raw, mode);
    archive_entry_set_uid(raw, node.entry.uid);
    archive_entry_set_gid(raw, node.entry.gid);
    archive_entry_set_mtime(raw, mtime, 0);
    archive_entry_set_size(raw, 0);
    if (S_ISLNK(mode)) archive_entry_set_symlink(raw, node.entry.target.c_str());
    if (S_ISCHR(mode) || S_ISBLK(mode)) {
      archive_entry_set_rdevmajor(raw, node.entry.device_major);
      archive_entry_set_rdevminor(raw, node.entry.device_minor);
    }
    bool has_bytes = false;
    if (node.content) {
      const auto [first, is_new] = names_.emplace(node.content.get(), path);
      has_bytes = is_new;
      if (is_new)
        archive_entry_set_size(raw, static_cast<la_int64_t>(node.content->size));
      else
        archive_entry_set_hardlink(raw, first->second.c_str());
    }
    for (const auto& [name, value] : node.entry.xattrs)
      archive_entry_xattr_add_entry(raw, name.c_str(), value.data(), value.size());
    check(archive_write_header(handle_.get(), raw), path);
    if (!has_bytes) return;
    read_content(*node.content, path, [&](std::string_view part) {
      while (!part.empty()) {
        const la_ssize_t count = archive_write_data(handle_.get(), part.data(), part.size());
        check(count <= 0 ? ARCHIVE_FATAL : ARCHIVE_OK, path);
        part.remove_prefix(static_cast<std::size_t>(count));
      }
    });
  }

  void finish() { check(archive_write_close(handle_.get()), "the end"); }

 private:
  void check(int status, std::string_view what) const {
    if (status >= ARCHIVE_WARN) return;
    const int err = archive_errno(handle_.get());
    const char* text = archive_error_string(handle_.get());
    throw Error(err > 0 ? code_from_errno(err) : Code::internal,
                fmt::format("write {} to {}: {}", what, path_,
                            err > 0 ? errno_text(err) : (text != nullptr ? text : "no details")),
                err > 0 ? err : 0);
  }

  std::string path_;
  UniqueFd fd_;
  std::unique_ptr<struct archive, int (*)(struct archive*)> handle_;
  std::map<const Content*, std::string> names_;
};

}  // namespace

void write_tree_tar(const Tree& tree, std::int64_t mtime, const std::string& path) {
  TarWriter writer(path);
  for (const auto& [name, node] : tree.nodes()) writer.add(name, node, mtime);
  writer.finish();
}

}  // namespace kata::rootfs
