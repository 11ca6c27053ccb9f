// SPDX-License-Identifier: Apache-2.0
//
// The files of an image as it really is, whatever stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/archive/archive_reader.h"
#include "builder/pipeline/digest.h"
#include "runtime/base/fd.h"

namespace kata::inspect {

/// A regular file's bytes; the names of one file (hard links) share them.
struct Bytes {
  std::uint64_t size = 0;
  std::string sha1;
  std::string sha256;
};

struct ImageEntry {
  archive::Entry entry;              ///< path without a leading slash
  std::optional<std::size_t> bytes;  ///< of a regular file: its place in Content::bytes
  bool is_first_name = true;         ///< whether the bytes count here, not at another name
};

/// No image needs more than these; a hostile one can promise anything.
struct ContentLimits {
  std::uint64_t size = std::uint64_t{16} << 30;
  std::uint64_t entries = 2'000'000;
};

struct Content {
  std::map<std::string, ImageEntry> entries;  ///< by path
  std::vector<Bytes> bytes;
  /// Files that say what the image is (package databases, os-release, the agent), as they were put
  /// on the builder.
  std::map<std::string, std::string> captured;
  std::uint64_t unpacked_size = 0;    ///< of the archive or file system when nothing is compressed
  std::vector<std::string> segments;  ///< of an initrd: "cpio", "cpio in zstd"
  std::uint64_t climbing = 0;         ///< names with ".."
};

/// Takes entries with their bytes, in any order, the last of a path winning, as a kernel does.
class ContentBuilder {
 public:
  /// Captured files go below `work`, which must stay as long as they are of use.
  ContentBuilder(std::string name, std::string work, ContentLimits limits = {});
  ~ContentBuilder();
  ContentBuilder(const ContentBuilder&) = delete;
  ContentBuilder& operator=(const ContentBuilder&) = delete;
  /// Begins an entry. `identity` is equal for the names of one file. Throws Error past the limits.
  void begin(const archive::Entry& entry, const std::string& identity = {});
  /// A hard link to an entry that was there before. Throws Error when it was not.
  void begin_link(const archive::Entry& entry);
  void add(std::string_view part);
  void end();
  /// Counts bytes that were unpacked. Throws Error past the limit.
  void count(std::uint64_t bytes);
  [[nodiscard]] Content finish();

 private:
  ImageEntry& put(const archive::Entry& entry);

  std::string name_;
  std::string work_;
  ContentLimits limits_;
  Content content_;
  std::map<std::string, std::size_t> identities_;
  std::unique_ptr<pipeline::FileDigester> digester_;
  std::string current_;
  std::uint64_t size_ = 0;
  UniqueFd capture_;
};

/// Whether a file of this path says what the image is.
[[nodiscard]] bool is_telling(std::string_view path);
/// `path`, with the symbolic links in it followed as far as the image goes; nothing for a circle.
[[nodiscard]] std::optional<std::string> resolve(const Content& content, std::string_view path);

}  // namespace kata::inspect
