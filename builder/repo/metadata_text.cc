// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/metadata_text.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <functional>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/scope_exit.h"

namespace kata::repo {
namespace {

constexpr std::size_t kLimit = std::size_t{2} << 30;

// The middle of the scale: metadata is written at each publish and read by every client.
constexpr int kGzipLevel = 6;
constexpr const char* kZstdLevel = "9";
constexpr int kWindowBits = 15;
constexpr int kGzipFormat = 16;  // see deflateInit2 in zlib.h

std::string reason(struct archive* handle) {
  const char* text = archive_error_string(handle);
  return text != nullptr ? text : "no details";
}

Bytef* writable(const char* data) {
  // zlib's next_in is not const for historical reasons; it does not write there
  return reinterpret_cast<Bytef*>(const_cast<char*>(data));
}

void append_gzip_member(std::string_view text, std::string& out) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kWindowBits + kGzipFormat, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw_error(Code::internal, "compress metadata: zlib refuses");
  }
  const ScopeExit end([&] { deflateEnd(&stream); });
  const std::size_t begin = out.size();
  out.resize(begin + deflateBound(&stream, text.size()));
  stream.next_in = writable(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
  stream.avail_out = static_cast<uInt>(out.size() - begin);
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
    throw_error(Code::internal, "compress {} bytes of metadata: zlib does not end", text.size());
  out.resize(begin + stream.total_out);
}

la_ssize_t append(struct archive*, void* into, const void* data, std::size_t size) {
  static_cast<std::string*>(into)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

std::string zstd_of(std::span<const std::string> blocks) {
  struct archive* handle = archive_write_new();
  const ScopeExit free_handle([&] { archive_write_free(handle); });
  const auto check = [&](la_ssize_t status) {
    if (status < ARCHIVE_OK) throw_error(Code::internal, "compress metadata: {}", reason(handle));
  };
  std::string data;
  check(archive_write_set_format_raw(handle));
  check(archive_write_add_filter_zstd(handle));
  check(archive_write_set_filter_option(handle, nullptr, "compression-level", kZstdLevel));
  check(archive_write_set_bytes_in_last_block(handle, 1));
  check(archive_write_open(handle, &data, nullptr, append, nullptr));
  struct archive_entry* entry = archive_entry_new();
  const ScopeExit free_entry([&] { archive_entry_free(entry); });
  archive_entry_set_filetype(entry, AE_IFREG);
  check(archive_write_header(handle, entry));
  for (const std::string& block : blocks)
    check(archive_write_data(handle, block.data(), block.size()));
  check(archive_write_close(handle));
  return data;
}

}  // namespace

MetadataText::MetadataText(std::string bytes, const std::string& name) : bytes_(std::move(bytes)) {
  if (bytes_.starts_with("\x1f\x8b")) {
    read_gzip(name);
  } else if (!bytes_.empty()) {
    read_other(name);
  }
}

void MetadataText::read_gzip(const std::string& name) {
  std::size_t at = 0;
  std::vector<char> buffer(1U << 18);
  text_.reserve(bytes_.size() * 16);  // what is not needed is never touched
  while (at < bytes_.size()) {
    pipeline::throw_if_interrupted();
    z_stream stream{};
    if (inflateInit2(&stream, kWindowBits + kGzipFormat) != Z_OK)
      throw_error(Code::internal, "decompress {}: zlib refuses", name);
    const ScopeExit end([&] { inflateEnd(&stream); });
    Member member{.text_begin = text_.size(), .text_size = 0, .begin = at, .size = 0};
    stream.next_in = writable(bytes_.data() + at);
    stream.avail_in = static_cast<uInt>(bytes_.size() - at);
    int status = Z_OK;
    while (status == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      status = inflate(&stream, Z_NO_FLUSH);
      text_.append(buffer.data(), buffer.size() - stream.avail_out);
      if (text_.size() > kLimit)
        throw_error(Code::resource_exhausted, "decompress {}: it is larger than 2 GiB", name);
    }
    if (status != Z_STREAM_END) {
      throw_error(Code::data_loss, "decompress {}: {}", name,
                  stream.msg != nullptr ? stream.msg : "it is cut off");
    }
    member.size = stream.total_in;
    member.text_size = text_.size() - member.text_begin;
    at += member.size;
    const auto text = std::string_view(text_).substr(member.text_begin, member.text_size);
    members_.emplace(std::hash<std::string_view>{}(text), member);
  }
}

void MetadataText::read_other(const std::string& name) {
  struct archive* handle = archive_read_new();
  const ScopeExit free_handle([&] { archive_read_free(handle); });
  archive_read_support_format_raw(handle);
  archive_read_support_filter_all(handle);
  struct archive_entry* entry = nullptr;
  if (archive_read_open_memory(handle, bytes_.data(), bytes_.size()) != ARCHIVE_OK ||
      archive_read_next_header(handle, &entry) != ARCHIVE_OK) {
    throw_error(Code::data_loss, "decompress {}: {}", name, reason(handle));
  }
  std::vector<char> buffer(1U << 18);
  for (;;) {
    pipeline::throw_if_interrupted();
    const la_ssize_t count = archive_read_data(handle, buffer.data(), buffer.size());
    if (count < 0) throw_error(Code::data_loss, "decompress {}: {}", name, reason(handle));
    if (count == 0) return;
    text_.append(buffer.data(), static_cast<std::size_t>(count));
    if (text_.size() > kLimit)
      throw_error(Code::resource_exhausted, "decompress {}: it is larger than 2 GiB", name);
  }
}

std::string_view MetadataText::member_of(std::string_view text) const {
  const auto found = members_.find(std::hash<std::string_view>{}(text));
  if (found == members_.end()) return {};
  const Member& member = found->second;
  if (std::string_view(text_).substr(member.text_begin, member.text_size) != text) return {};
  return std::string_view(bytes_).substr(member.begin, member.size);
}

std::string compressed(std::span<const std::string> blocks, recipe::MetadataCompression type,
                       const MetadataText* before) {
  if (type == recipe::MetadataCompression::zstd) return zstd_of(blocks);
  std::string data;
  for (const std::string& block : blocks) {
    const std::string_view member =
        before != nullptr ? before->member_of(block) : std::string_view();
    if (member.empty()) {
      append_gzip_member(block, data);
    } else {
      data += member;
    }
  }
  return data;
}

const char* compression_suffix(recipe::MetadataCompression type) noexcept {
  return type == recipe::MetadataCompression::gzip ? ".gz" : ".zst";
}

}  // namespace kata::repo
