// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/compress.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <lz4.h>
#include <lz4hc.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string_view>
#include <vector>

#include "builder/pipeline/interrupt.h"
#include "builder/pipeline/publish.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/scope_exit.h"

namespace kata::archive {
namespace {

using recipe::CompressionType;

/// Up to `size` bytes; fewer only at the end of the file.
std::string_view read_block(int fd, std::vector<char>& buffer, const std::string& path) {
  std::size_t used = 0;
  pipeline::throw_if_interrupted();
  while (used < buffer.size()) {
    const ssize_t count = ::read(fd, buffer.data() + used, buffer.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_errno(errno, "read {}", path);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  return {buffer.data(), used};
}

void write_with_filter(int in, const std::string& from, int out, const std::string& to,
                       CompressionType type, int level) {
  struct archive* handle = archive_write_new();
  const ScopeExit free_handle([&] { archive_write_free(handle); });
  const auto check = [&](int status) {
    if (status >= ARCHIVE_OK) return;
    const int err = archive_errno(handle);
    const char* text = archive_error_string(handle);
    if (err > 0) throw_errno(err, "write {}", to);
    throw_error(Code::internal, "write {}: {}", to, text != nullptr ? text : "no details");
  };
  const bool gzip = type == CompressionType::gzip;
  archive_write_set_format_raw(handle);
  check(gzip ? archive_write_add_filter_gzip(handle) : archive_write_add_filter_zstd(handle));
  check(archive_write_set_filter_option(handle, nullptr, "compression-level",
                                        std::to_string(level).c_str()));
  if (gzip) check(archive_write_set_filter_option(handle, "gzip", "timestamp", nullptr));
  archive_write_set_bytes_in_last_block(handle, 1);
  check(archive_write_open_fd(handle, out));
  struct archive_entry* entry = archive_entry_new();
  const ScopeExit free_entry([&] { archive_entry_free(entry); });
  archive_entry_set_filetype(entry, AE_IFREG);
  check(archive_write_header(handle, entry));
  std::vector<char> buffer(1U << 20);
  for (;;) {
    const std::string_view block = read_block(in, buffer, from);
    if (block.empty()) break;
    check(archive_write_data(handle, block.data(), block.size()) < 0 ? ARCHIVE_FATAL : ARCHIVE_OK);
  }
  check(archive_write_close(handle));
}

/// libarchive's xz filter writes a CRC64 check, which the kernel's unpacker refuses; so liblzma
/// itself.
void write_xz(int in, const std::string& from, int out, int level) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const ScopeExit end_stream([&] { lzma_end(&stream); });
  if (lzma_easy_encoder(&stream, static_cast<std::uint32_t>(level), LZMA_CHECK_CRC32) != LZMA_OK) {
    throw_error(Code::internal, "start the xz compressor at level {}", level);
  }
  std::vector<char> input(1U << 20);
  std::vector<char> output(1U << 18);
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    const std::string_view block = read_block(in, input, from);
    stream.next_in = reinterpret_cast<const std::uint8_t*>(block.data());
    stream.avail_in = block.size();
    const lzma_action action = block.size() < input.size() ? LZMA_FINISH : LZMA_RUN;
    do {
      stream.next_out = reinterpret_cast<std::uint8_t*>(output.data());
      stream.avail_out = output.size();
      status = lzma_code(&stream, action);
      write_all(out, {output.data(), output.size() - stream.avail_out});
    } while (status == LZMA_OK &&
             (stream.avail_in > 0 || stream.avail_out == 0 || action == LZMA_FINISH));
  }
  if (status != LZMA_STREAM_END)
    throw_error(Code::internal, "compress {} by xz: error {}", from, static_cast<int>(status));
}

void write_le32(int out, std::uint32_t value) {
  const char bytes[4] = {static_cast<char>(value & 0xff), static_cast<char>(value >> 8 & 0xff),
                         static_cast<char>(value >> 16 & 0xff),
                         static_cast<char>(value >> 24 & 0xff)};
  write_all(out, {bytes, sizeof bytes});
}

/// The legacy frame is the only one the kernel reads: a magic number, then blocks of at most 8 MiB
/// with their size.
void write_lz4_legacy(int in, const std::string& from, int out, int level) {
  constexpr std::uint32_t kLegacyMagic = 0x184C2102;
  constexpr std::size_t kBlockSize = 8U << 20;
  std::vector<char> input(kBlockSize);
  std::vector<char> output(
      static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(kBlockSize))));
  write_le32(out, kLegacyMagic);
  for (;;) {
    const std::string_view block = read_block(in, input, from);
    if (block.empty()) return;
    const int size = LZ4_compress_HC(block.data(), output.data(), static_cast<int>(block.size()),
                                     static_cast<int>(output.size()), level);
    if (size <= 0) throw_error(Code::internal, "compress {} by lz4", from);
    write_le32(out, static_cast<std::uint32_t>(size));
    write_all(out, {output.data(), static_cast<std::size_t>(size)});
  }
}

}  // namespace

int default_level(CompressionType type) noexcept {
  switch (type) {
    case CompressionType::none:
      return 0;
    case CompressionType::gzip:
      return 9;
    case CompressionType::xz:
      return 6;
    case CompressionType::lz4:
      return 12;
    case CompressionType::zstd:
      break;
  }
  return 19;
}

std::uint64_t compress_file(const std::string& from, const std::string& to,
                            const recipe::Compression& compression) {
  const int level = compression.level > 0 ? compression.level : default_level(compression.type);
  if (compression.type == CompressionType::none) {
    pipeline::copy_file(from, to, 0644);
  } else {
    const UniqueFd in = open_file(from, O_RDONLY);
    const UniqueFd out = open_file(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    in_context(
        [&] {
          if (compression.type == CompressionType::xz) {
            write_xz(in.get(), from, out.get(), level);
          } else if (compression.type == CompressionType::lz4) {
            write_lz4_legacy(in.get(), from, out.get(), level);
          } else {
            write_with_filter(in.get(), from, out.get(), to, compression.type, level);
          }
        },
        "compress {} into {}", from, to);
  }
  struct stat status {};
  if (::stat(to.c_str(), &status) != 0) throw_errno(errno, "look at {}", to);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace kata::archive
