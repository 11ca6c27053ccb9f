// SPDX-License-Identifier: Apache-2.0
#include "builder/archive/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::archive {

struct DecompressedStream::State {
  std::string path;
  std::string name;
  UniqueFd fd;
  std::uint64_t offset = 0;
  std::uint64_t left = 0;
  std::uint64_t limit = 0;
  std::uint64_t given = 0;
  int err = 0;  ///< of a read(2) that failed
  bool at_end = false;
  std::vector<char> buffer = std::vector<char>(1U << 17);
  struct archive* handle = archive_read_new();

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { archive_read_free(handle); }

  la_ssize_t read_file(const void** block) {
    *block = buffer.data();
    if (left == 0) return 0;
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left));
    ssize_t count = 0;
    do {
      count = ::pread(fd.get(), buffer.data(), want, static_cast<off_t>(offset));
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
      err = errno;
      return ARCHIVE_FATAL;
    }
    offset += static_cast<std::uint64_t>(count);
    left -= static_cast<std::uint64_t>(count);
    return count;
  }

  void check(int status) const {
    if (status >= ARCHIVE_WARN) return;
    if (err != 0) throw_errno(err, "read {}", path);
    const char* text = archive_error_string(handle);
    throw_error(Code::data_loss, "read {}: {}", name, text != nullptr ? text : "damaged data");
  }
};

DecompressedStream::DecompressedStream(const std::string& path, std::uint64_t offset,
                                       std::uint64_t size, std::uint64_t limit, std::string name)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.path = path;
  state.name = std::move(name);
  state.fd = open_file(path, O_RDONLY);
  state.offset = offset;
  state.left = size;
  state.limit = limit;
  if (size == 0) {
    state.at_end = true;
    return;
  }
  archive_read_support_filter_gzip(state.handle);
  archive_read_support_filter_zstd(state.handle);
  archive_read_support_format_raw(state.handle);
  const auto read = [](struct archive*, void* data, const void** block) {
    return static_cast<State*>(data)->read_file(block);
  };
  state.check(archive_read_open(state.handle, &state, nullptr, read, nullptr));
  struct archive_entry* entry = nullptr;
  const int status = archive_read_next_header(state.handle, &entry);
  if (status == ARCHIVE_EOF)
    state.at_end = true;
  else
    state.check(status);
}

DecompressedStream::~DecompressedStream() = default;

std::string_view DecompressedStream::next() {
  State& state = *state_;
  pipeline::throw_if_interrupted();
  while (!state.at_end) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(state.handle, &block, &size, &offset);
    if (status == ARCHIVE_EOF) {
      state.at_end = true;
      break;
    }
    state.check(status);
    if (size == 0) continue;
    if (size > state.limit - state.given) {
      throw_error(Code::resource_exhausted,
                  "{} unpacks to more than {} bytes: raise limits.size in the recipe when that is "
                  "right",
                  state.name, state.limit);
    }
    state.given += size;
    return {static_cast<const char*>(block), size};
  }
  return {};
}

}  // namespace kata::archive
