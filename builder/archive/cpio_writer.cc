// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/cpio_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <exception>
#include <utility>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::archive {

struct CpioWriter::State {
  std::string path;
  UniqueFd fd;
  struct archive* handle = archive_write_new();
  std::function<void(std::string_view)> sink;
  std::exception_ptr failure;  // of the sink: nothing may be thrown through libarchive

  void check(int status, std::string_view what) const {
    if (status >= ARCHIVE_OK) return;
    if (failure) std::rethrow_exception(failure);
    const int err = archive_errno(handle);
    const char* text = archive_error_string(handle);
    const std::string reason = text != nullptr ? text : "no details";
    throw Error(err > 0 ? code_from_errno(err) : Code::internal,
                fmt::format("write {} to {}: {}", what, path, err > 0 ? errno_text(err) : reason),
                err > 0 ? err : 0);
  }
};

CpioWriter::CpioWriter(const std::string& path) : state_(std::make_unique<State>()) {
  state_->path = path;
  state_->fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  struct archive* handle = state_->handle;
  state_->check(archive_write_set_format_cpio_newc(handle), "the format");
  archive_write_set_bytes_in_last_block(handle, 1);  // no padding to a tape's block
  state_->check(archive_write_open_fd(handle, state_->fd.get()), "the header");
}

CpioWriter::CpioWriter(std::function<void(std::string_view)> sink)
    : state_(std::make_unique<State>()) {
  state_->path = "the archive";
  state_->sink = std::move(sink);
  struct archive* handle = state_->handle;
  state_->check(archive_write_set_format_cpio_newc(handle), "the format");
  archive_write_set_bytes_per_block(handle, 1 << 18);
  archive_write_set_bytes_in_last_block(handle, 1);
  const auto write = [](struct archive*, void* opaque, const void* bytes,
                        std::size_t size) -> la_ssize_t {
    State& state = *static_cast<State*>(opaque);
    if (state.failure) return -1;
    try {
      state.sink({static_cast<const char*>(bytes), size});
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      state.failure = std::current_exception();
      return -1;
    }
  };
  state_->check(archive_write_open(handle, state_.get(), nullptr, write, nullptr), "the header");
}

CpioWriter::~CpioWriter() { archive_write_free(state_->handle); }

void CpioWriter::begin(const CpioEntry& cpio) {
  pipeline::throw_if_interrupted();
  const Entry& entry = cpio.entry;
  if (entry.size > 0xffffffffU) {
    throw_error(Code::invalid_argument,
                "{}: {} bytes are more than an initrd's format can hold (4 GiB)", entry.path,
                entry.size);
  }
  const std::unique_ptr<struct archive_entry, void (*)(struct archive_entry*)> raw(
      archive_entry_new(), archive_entry_free);
  unsigned type = AE_IFREG;
  switch (entry.kind) {
    case EntryKind::directory:
      type = AE_IFDIR;
      break;
    case EntryKind::symlink:
      type = AE_IFLNK;
      break;
    case EntryKind::character_device:
      type = AE_IFCHR;
      break;
    case EntryKind::block_device:
      type = AE_IFBLK;
      break;
    case EntryKind::fifo:
      type = AE_IFIFO;
      break;
    case EntryKind::socket:
      type = AE_IFSOCK;
      break;
    case EntryKind::file:
    case EntryKind::hardlink:
      break;
  }
  archive_entry_set_pathname(raw.get(), entry.path.c_str());
  archive_entry_set_filetype(raw.get(), type);
  archive_entry_set_perm(raw.get(), entry.mode);
  archive_entry_set_uid(raw.get(), entry.uid);
  archive_entry_set_gid(raw.get(), entry.gid);
  archive_entry_set_mtime(raw.get(), entry.mtime, 0);
  archive_entry_set_ino64(raw.get(), cpio.inode);
  archive_entry_set_nlink(raw.get(), cpio.links);
  archive_entry_set_devmajor(raw.get(), 0);
  archive_entry_set_devminor(raw.get(), 0);
  archive_entry_set_rdevmajor(raw.get(), entry.device_major);
  archive_entry_set_rdevminor(raw.get(), entry.device_minor);
  archive_entry_set_size(raw.get(), type == AE_IFREG ? static_cast<la_int64_t>(entry.size) : 0);
  if (entry.kind == EntryKind::symlink) archive_entry_set_symlink(raw.get(), entry.target.c_str());
  state_->check(archive_write_header(state_->handle, raw.get()), entry.path);
}

void CpioWriter::add_content(std::string_view data) {
  while (!data.empty()) {
    const la_ssize_t count = archive_write_data(state_->handle, data.data(), data.size());
    state_->check(static_cast<int>(count < 0 ? count : 0), "content");
    if (count == 0)
      throw_error(Code::internal, "write to {}: more content than the entry's size", state_->path);
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::uint64_t CpioWriter::finish() {
  state_->check(archive_write_close(state_->handle), "the trailer");
  return static_cast<std::uint64_t>(archive_filter_bytes(state_->handle, -1));
}

}  // namespace kata::archive
