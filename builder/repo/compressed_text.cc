// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/compressed_text.h"

#include <archive.h>
#include <archive_entry.h>

#include <vector>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/scope_exit.h"

namespace kata::repo {
namespace {

constexpr std::size_t kLimit = std::size_t{2} << 30;

// The middle of the scale: metadata is written at each publish and read by every client.
constexpr const char* kGzipLevel = "6";
constexpr const char* kZstdLevel = "9";

std::string reason(struct archive* handle) {
  const char* text = archive_error_string(handle);
  return text != nullptr ? text : "no details";
}

la_ssize_t append(struct archive*, void* into, const void* data, std::size_t size) {
  static_cast<std::string*>(into)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string decompressed(std::string_view data, const std::string& name) {
  if (data.empty()) return {};
  struct archive* handle = archive_read_new();
  const ScopeExit free_handle([&] { archive_read_free(handle); });
  archive_read_support_format_raw(handle);
  archive_read_support_filter_all(handle);
  struct archive_entry* entry = nullptr;
  if (archive_read_open_memory(handle, data.data(), data.size()) != ARCHIVE_OK ||
      archive_read_next_header(handle, &entry) != ARCHIVE_OK) {
    throw_error(Code::data_loss, "decompress {}: {}", name, reason(handle));
  }
  std::string text;
  std::vector<char> buffer(1U << 20);
  for (;;) {
    pipeline::throw_if_interrupted();
    const la_ssize_t count = archive_read_data(handle, buffer.data(), buffer.size());
    if (count < 0) throw_error(Code::data_loss, "decompress {}: {}", name, reason(handle));
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kLimit)
      throw_error(Code::resource_exhausted, "decompress {}: it is larger than 2 GiB", name);
  }
}

std::string compressed(std::string_view text, recipe::MetadataCompression type) {
  struct archive* handle = archive_write_new();
  const ScopeExit free_handle([&] { archive_write_free(handle); });
  const auto check = [&](la_ssize_t status) {
    if (status < ARCHIVE_OK) throw_error(Code::internal, "compress metadata: {}", reason(handle));
  };
  const bool gzip = type == recipe::MetadataCompression::gzip;
  std::string data;
  check(archive_write_set_format_raw(handle));
  check(gzip ? archive_write_add_filter_gzip(handle) : archive_write_add_filter_zstd(handle));
  check(archive_write_set_filter_option(handle, nullptr, "compression-level",
                                        gzip ? kGzipLevel : kZstdLevel));
  if (gzip) check(archive_write_set_filter_option(handle, "gzip", "timestamp", nullptr));
  check(archive_write_set_bytes_in_last_block(handle, 1));
  check(archive_write_open(handle, &data, nullptr, append, nullptr));
  struct archive_entry* entry = archive_entry_new();
  const ScopeExit free_entry([&] { archive_entry_free(entry); });
  archive_entry_set_filetype(entry, AE_IFREG);
  check(archive_write_header(handle, entry));
  check(archive_write_data(handle, text.data(), text.size()));
  check(archive_write_close(handle));
  return data;
}

const char* compression_suffix(recipe::MetadataCompression type) noexcept {
  return type == recipe::MetadataCompression::gzip ? ".gz" : ".zst";
}

}  // namespace kata::repo
