// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/decompressor.h"

#include <archive.h>
#include <archive_entry.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/scope_exit.h"

namespace kata::inspect {
namespace {

constexpr std::uint64_t kXzMemory = 256U << 20;

[[noreturn]] void damaged(const FileSource& source, std::string_view compression) {
  throw_error(Code::data_loss, "read {}: the {} data is damaged at byte {}", source.path(),
              compression, source.offset());
}

[[noreturn]] void truncated(const FileSource& source, std::string_view compression) {
  throw_error(Code::data_loss, "read {}: the file ends in the middle of its {} data", source.path(),
              compression);
}

void gunzip(FileSource& source, const Sink& sink) {
  z_stream stream{};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
    throw_error(Code::internal, "start the gzip decompressor");
  const ScopeExit end([&] { ::inflateEnd(&stream); });
  std::vector<char> out(1U << 18);
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const std::string_view in = source.peek();
    if (in.empty()) truncated(source, "gzip");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) damaged(source, "gzip");
    source.consume(in.size() - stream.avail_in);
    sink({out.data(), out.size() - stream.avail_out});
  }
}

/// xz, and the older lzma.
void unxz(FileSource& source, const Sink& sink, const char* name, bool old) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const ScopeExit end([&] { lzma_end(&stream); });
  const lzma_ret begun =
      old ? lzma_alone_decoder(&stream, kXzMemory) : lzma_stream_decoder(&stream, kXzMemory, 0);
  if (begun != LZMA_OK) throw_error(Code::internal, "start the {} decompressor", name);
  std::vector<std::uint8_t> out(1U << 18);
  for (lzma_ret status = LZMA_OK; status != LZMA_STREAM_END;) {
    const std::string_view in = source.peek();
    if (in.empty()) truncated(source, name);
    stream.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream.avail_in = in.size();
    stream.next_out = out.data();
    stream.avail_out = out.size();
    status = lzma_code(&stream, LZMA_RUN);
    if (status == LZMA_MEMLIMIT_ERROR) {
      throw_error(Code::resource_exhausted, "read {}: its {} data needs more than {} MiB to unpack",
                  source.path(), name, kXzMemory >> 20);
    }
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR)
      damaged(source, name);
    source.consume(in.size() - stream.avail_in);
    sink({reinterpret_cast<const char*>(out.data()), out.size() - stream.avail_out});
  }
}

void unzstd(FileSource& source, const Sink& sink) {
  ZSTD_DStream* stream = ZSTD_createDStream();
  const ScopeExit end([&] { ZSTD_freeDStream(stream); });
  std::vector<char> out(ZSTD_DStreamOutSize());
  for (std::size_t hint = 1; hint != 0;) {
    const std::string_view in = source.peek();
    if (in.empty()) truncated(source, "zstd");
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    hint = ZSTD_decompressStream(stream, &to, &from);
    if (ZSTD_isError(hint) != 0) {
      throw_error(Code::data_loss, "read {}: the zstd data is damaged at byte {}: {}",
                  source.path(), source.offset(), ZSTD_getErrorName(hint));
    }
    source.consume(from.pos);
    sink({out.data(), to.pos});
  }
}

std::uint32_t le32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// The legacy frame: a magic number, then blocks with their size. Nothing says where it ends but
/// the end of the file, or zeros that pad it.
void unlz4(FileSource& source, const Sink& sink) {
  constexpr std::uint32_t kMagic = 0x184C2102;
  constexpr std::uint32_t kBlock = 8U << 20;
  std::vector<char> out(kBlock);
  std::string in;
  const std::string_view magic = source.peek(4);
  if (magic.size() < 4) truncated(source, "lz4");
  if (le32(magic) != kMagic) damaged(source, "lz4");
  source.consume(4);
  for (;;) {
    const std::string_view head = source.peek(4);
    if (head.empty()) return;
    if (head.size() < 4) truncated(source, "lz4");
    const std::uint32_t size = le32(head);
    if (size == 0) return;
    source.consume(4);
    if (size == kMagic) continue;
    if (size > static_cast<std::uint32_t>(LZ4_compressBound(kBlock))) damaged(source, "lz4");
    in.clear();
    while (in.size() < size) {
      const std::string_view part = source.peek().substr(0, size - in.size());
      if (part.empty()) truncated(source, "lz4");
      in += part;
      source.consume(part.size());
    }
    const int count = LZ4_decompress_safe(in.data(), out.data(), static_cast<int>(in.size()),
                                          static_cast<int>(out.size()));
    if (count < 0) damaged(source, "lz4");
    sink({out.data(), static_cast<std::size_t>(count)});
  }
}

struct Feed {
  FileSource& source;
  std::size_t shown = 0;
};

la_ssize_t feed(struct archive* /*handle*/, void* data, const void** block) {
  Feed& from = *static_cast<Feed*>(data);
  from.source.consume(from.shown);
  try {
    const std::string_view part = from.source.peek();
    *block = part.data();
    from.shown = part.size();
    return static_cast<la_ssize_t>(part.size());
  } catch (const Error&) {  // libarchive is C: nothing is thrown through it
    from.shown = 0;
    return ARCHIVE_FATAL;
  }
}

void unpack_by_libarchive(FileSource& source, const Sink& sink, const std::string& name) {
  struct archive* handle = archive_read_new();
  const ScopeExit free_handle([&] { archive_read_free(handle); });
  archive_read_support_filter_all(handle);
  archive_read_support_format_raw(handle);
  Feed from{source};
  struct archive_entry* entry = nullptr;
  if (archive_read_open(handle, &from, nullptr, feed, nullptr) < ARCHIVE_WARN ||
      archive_read_next_header(handle, &entry) < ARCHIVE_WARN) {
    damaged(source, name);
  }
  std::vector<char> out(1U << 18);
  for (;;) {
    const la_ssize_t count = archive_read_data(handle, out.data(), out.size());
    if (count < 0) damaged(source, name);
    if (count == 0) return;
    sink({out.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace

std::string compression_of(std::string_view start) {
  using namespace std::string_view_literals;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kStarts = {{
      {"\x1f\x8b"sv, "gzip"sv},
      {"\x1f\x9e"sv, "gzip"sv},
      {"\xfd\x37"sv, "xz"sv},
      {"\x28\xb5"sv, "zstd"sv},
      {"\x02\x21"sv, "lz4"sv},
      {"BZ"sv, "bzip2"sv},
      {"\x5d\x00"sv, "lzma"sv},
      {"\x89\x4c"sv, "lzo"sv},
  }};
  for (const auto& [bytes, name] : kStarts) {
    if (start.starts_with(bytes)) return std::string(name);
  }
  return {};
}

void decompress(const std::string& compression, FileSource& source, const Sink& sink) {
  if (compression == "gzip") return gunzip(source, sink);
  if (compression == "xz") return unxz(source, sink, "xz", false);
  if (compression == "lzma") return unxz(source, sink, "lzma", true);
  if (compression == "zstd") return unzstd(source, sink);
  if (compression == "lz4") return unlz4(source, sink);
  unpack_by_libarchive(source, sink, compression);
}

}  // namespace kata::inspect
