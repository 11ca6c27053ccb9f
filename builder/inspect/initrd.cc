// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/initrd.h"

#include "builder/inspect/decompressor.h"
#include "builder/inspect/file_source.h"
#include "builder/inspect/newc_parser.h"
#include "runtime/base/error.h"

namespace kata::inspect {
namespace {

constexpr std::size_t kMaxSegments = 1000;

bool skip_zeros(FileSource& source) {
  for (;;) {
    const std::string_view next = source.peek();
    if (next.empty()) return false;
    const std::size_t zeros = next.find_first_not_of('\0');
    if (zeros != std::string_view::npos) {
      source.consume(zeros);
      return true;
    }
    source.consume(next.size());
  }
}

void read_plain(FileSource& source, NewcParser& parser, ContentBuilder& builder) {
  do {
    const std::string_view next = source.peek();
    if (next.empty()) break;
    const std::size_t used = parser.feed(next);
    builder.count(used);
    source.consume(used);
    if (used == 0) break;
  } while (parser.in_archive());
}

void read_compressed(FileSource& source, NewcParser& parser, ContentBuilder& builder,
                     const std::string& compression) {
  decompress(compression, source, [&](std::string_view part) {
    builder.count(part.size());
    if (parser.feed(part) < part.size()) {
      throw_error(Code::data_loss,
                  "read {}: what its {} data holds is no cpio archive of the format newc",
                  source.path(), compression);
    }
  });
}

}  // namespace

bool begins_as_initrd(const std::string& path) {
  FileSource source(path);
  const std::string_view start = source.peek(6);
  return start.starts_with("07070") || !compression_of(start).empty();
}

Content read_initrd(const std::string& path, const std::string& work) {
  FileSource source(path);
  ContentBuilder builder(path, work);
  NewcParser parser(
      path,
      [&](const NewcEntry& entry) {
        builder.begin(entry.entry, entry.links > 1 ? entry.identity : "");
      },
      [&](std::string_view part) { builder.add(part); }, [&] { builder.end(); });
  std::vector<std::string> segments;
  while (skip_zeros(source)) {
    const std::uint64_t began = source.offset();
    const std::string_view start = source.peek(6);
    const std::string compression = compression_of(start);
    if (segments.size() >= kMaxSegments)
      throw_error(Code::resource_exhausted, "read {}: more than {} archives follow each other",
                  path, kMaxSegments);
    if (start.starts_with("07070")) {
      if (began % 4 != 0) {
        throw_error(Code::data_loss,
                    "read {}: the archive at byte {} is not where a kernel looks for one: it must "
                    "begin at a multiple of 4",
                    path, began);
      }
      read_plain(source, parser, builder);
      segments.emplace_back("cpio");
    } else if (!compression.empty()) {
      read_compressed(source, parser, builder, compression);
      segments.push_back("cpio in " + compression);
    } else {
      throw_error(Code::data_loss,
                  "read {}: at byte {} there is neither a cpio archive of the format newc nor "
                  "compressed data",
                  path, began);
    }
    if (parser.in_archive())
      throw_error(Code::data_loss, "read {}: the archive that begins at byte {} is cut off", path,
                  began);
  }
  if (parser.archives() == 0)
    throw_error(Code::data_loss, "read {}: there is no archive in it", path);
  Content content = builder.finish();
  content.segments = std::move(segments);
  return content;
}

}  // namespace kata::inspect
