// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "runtime/base/fd.h"

namespace kata::agent {
namespace {

/// Of a record "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT", see
/// Documentation/ABI/testing/dev-kmsg.
std::optional<std::uint64_t> time_of(std::string_view record) {
  const std::size_t text = record.find(';');
  if (text == std::string_view::npos || !record.substr(text + 1).starts_with("Run /"))
    return std::nullopt;
  const std::size_t first = record.find(',');
  const std::size_t second = record.find(',', first + 1);
  if (second == std::string_view::npos || second > text) return std::nullopt;
  std::uint64_t value = 0;
  const char* begin = record.data() + second + 1;
  const auto [end, error] = std::from_chars(begin, record.data() + text, value);
  if (error != std::errc() || end == begin) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> first_process_time(const std::string& path) {
  constexpr int kMaxRecords = 100'000;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return std::nullopt;
  char record[8192];
  for (int i = 0; i < kMaxRecords; ++i) {
    const ssize_t count = ::read(fd.get(), record, sizeof record);
    if (count < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: some were overwritten
    if (count <= 0) return std::nullopt;
    if (const auto time = time_of({record, static_cast<std::size_t>(count)})) return time;
  }
  return std::nullopt;
}

}  // namespace kata::agent
