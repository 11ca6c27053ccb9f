// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <exception>
#include <utility>

#include "builder/archive/access_list.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::archive {
namespace {

constexpr la_int64_t kHighestId = 0xfffffffe;  // the next one means "nobody" to chown(2)

}  // namespace

struct ArchiveReader::State {
  struct archive* handle = archive_read_new();
  std::string path;
  std::function<std::string_view()> next_block;
  std::exception_ptr thrown;  ///< by next_block: C code must not be unwound

  [[noreturn]] void fail(const char* what) const {
    if (thrown) std::rethrow_exception(thrown);
    const char* text = archive_error_string(handle);
    throw_error(Code::data_loss, "{} {}: {}: it is no archive, was cut off, or is damaged", what,
                path, text != nullptr ? text : "no details");
  }
};

ArchiveReader::ArchiveReader(const std::string& path) : state_(std::make_unique<State>()) {
  state_->path = path;
  [[maybe_unused]] const UniqueFd readable = open_file(path, 0);  // for an error with its errno
  archive_read_support_filter_all(state_->handle);
  archive_read_support_format_tar(state_->handle);
  archive_read_support_format_cpio(state_->handle);
  if (archive_read_open_filename(state_->handle, path.c_str(), 1U << 18) != ARCHIVE_OK) {
    const char* text = archive_error_string(state_->handle);
    const std::string reason = text != nullptr ? text : "unknown format";
    archive_read_free(state_->handle);
    throw_error(Code::data_loss, "read archive {}: {}", path, reason);
  }
}

ArchiveReader::ArchiveReader(const std::string& name, std::function<std::string_view()> next)
    : state_(std::make_unique<State>()) {
  state_->path = name;
  state_->next_block = std::move(next);
  archive_read_support_format_tar(state_->handle);
  archive_read_support_format_empty(state_->handle);
  const auto read = [](struct archive*, void* data, const void** block) -> la_ssize_t {
    State& state = *static_cast<State*>(data);
    try {
      const std::string_view bytes = state.next_block();
      *block = bytes.data();
      return static_cast<la_ssize_t>(bytes.size());
    } catch (...) {
      state.thrown = std::current_exception();
      return ARCHIVE_FATAL;
    }
  };
  if (archive_read_open(state_->handle, state_.get(), nullptr, read, nullptr) == ARCHIVE_OK) return;
  const char* text = archive_error_string(state_->handle);
  const std::string reason = text != nullptr ? text : "no tar file";
  archive_read_free(state_->handle);
  if (state_->thrown) std::rethrow_exception(state_->thrown);
  throw_error(Code::data_loss, "read archive {}: {}", name, reason);
}

ArchiveReader::~ArchiveReader() { archive_read_free(state_->handle); }

std::optional<Entry> ArchiveReader::next() {
  pipeline::throw_if_interrupted();
  struct archive_entry* raw = nullptr;
  const int status = archive_read_next_header(state_->handle, &raw);
  if (status == ARCHIVE_EOF) return std::nullopt;
  if (status < ARCHIVE_WARN) state_->fail("read archive");
  Entry entry;
  const char* path = archive_entry_pathname(raw);
  if (path == nullptr || *path == '\0')
    throw_error(Code::data_loss, "read archive {}: an entry without a name", state_->path);
  entry.path = path;
  if (const char* target = archive_entry_hardlink(raw); target != nullptr) {
    entry.kind = EntryKind::hardlink;
    entry.target = target;
  } else {
    switch (archive_entry_filetype(raw)) {
      case AE_IFDIR:
        entry.kind = EntryKind::directory;
        break;
      case AE_IFLNK:
        entry.kind = EntryKind::symlink;
        entry.target = archive_entry_symlink(raw) != nullptr ? archive_entry_symlink(raw) : "";
        break;
      case AE_IFCHR:
        entry.kind = EntryKind::character_device;
        break;
      case AE_IFBLK:
        entry.kind = EntryKind::block_device;
        break;
      case AE_IFIFO:
        entry.kind = EntryKind::fifo;
        break;
      case AE_IFSOCK:
        entry.kind = EntryKind::socket;
        break;
      default:
        break;
    }
  }
  entry.mode = static_cast<unsigned>(archive_entry_perm(raw)) & 07777U;
  for (const la_int64_t id : {archive_entry_uid(raw), archive_entry_gid(raw)}) {
    if (id < 0 || id > kHighestId)
      throw_error(Code::data_loss, "read archive {}: {} belongs to {}, which is no user or group",
                  state_->path, entry.path, id);
  }
  entry.uid = static_cast<unsigned>(archive_entry_uid(raw));
  entry.gid = static_cast<unsigned>(archive_entry_gid(raw));
  entry.device_major = static_cast<unsigned>(archive_entry_rdevmajor(raw));
  entry.device_minor = static_cast<unsigned>(archive_entry_rdevminor(raw));
  entry.size = static_cast<std::uint64_t>(archive_entry_size(raw));
  entry.mtime = archive_entry_mtime(raw);
  archive_entry_xattr_reset(raw);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(raw, &name, &value, &size) == ARCHIVE_OK)
    entry.xattrs[name] = std::string(static_cast<const char*>(value), size);
  if (archive_entry_acl_types(raw) != 0)
    entry.mode = add_access_lists(raw, fmt::format("{}: {}", state_->path, entry.path), entry.mode,
                                  entry.xattrs);
  return entry;
}

std::uint64_t ArchiveReader::copy_content(int fd) {
  return read_content([fd](std::string_view part) { write_all(fd, part); });
}

std::uint64_t ArchiveReader::read_content(const std::function<void(std::string_view)>& take) {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  std::uint64_t written = 0;
  static const std::string zeros(4096, '\0');
  for (;;) {
    const int status = archive_read_data_block(state_->handle, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return written;
    if (status < ARCHIVE_WARN) state_->fail("read archive");
    pipeline::throw_if_interrupted();
    while (written < static_cast<std::uint64_t>(offset)) {  // a hole of a sparse file
      const std::size_t gap = static_cast<std::size_t>(
          std::min<std::uint64_t>(zeros.size(), static_cast<std::uint64_t>(offset) - written));
      take(std::string_view(zeros).substr(0, gap));
      written += gap;
    }
    take({static_cast<const char*>(block), size});
    written += size;
  }
}

std::string safe_entry_path(const Entry& entry, const std::string& archive_path) {
  if (("/" + entry.path + "/").find("/../") != std::string::npos) {
    throw_error(Code::invalid_argument,
                "{}: entry {} leaves the folder it is unpacked into: refused", archive_path,
                entry.path);
  }
  return clean_path("/" + entry.path).substr(1);
}

}  // namespace kata::archive
