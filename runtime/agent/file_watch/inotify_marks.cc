// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/file_watch/inotify_marks.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_mount.h"
#include "runtime/base/text.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostInfo = 8U << 20;  // of one descriptor: some 80 000 watches
constexpr unsigned kMinorBits = 20;

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, err] = std::from_chars(text.data(), end, value, base);
  if (err != std::errc() || rest != end) return std::nullopt;
  return value;
}

/// The value of "key:value" among the words; "" without one.
std::string_view value_of(const std::vector<std::string_view>& words, std::string_view key) {
  for (const std::string_view word : words) {
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == ':')
      return word.substr(key.size() + 1);
  }
  return {};
}

std::optional<std::string> bytes_of(std::string_view digits) {
  std::string bytes;
  if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t at = 0; at < digits.size(); at += 2) {
    const auto byte = number(digits.substr(at, 2), 16);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

void add_marks(const fs::path& process, std::map<InodeMark, std::string>& marks) {
  std::optional<std::vector<SharedMount>> mounts;
  std::error_code error;
  for (fs::directory_iterator it(process / "fd", error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;
    if (fs::read_symlink(it->path(), gone) != "anon_inode:inotify" || gone) continue;
    if (!mounts) mounts = shared_mounts(read_file((process / "mountinfo").string(), kMostInfo));
    const fs::path info = process / "fdinfo" / it->path().filename();
    for (InodeMark& mark : parse_marks(read_file(info.string(), kMostInfo))) {
      const auto mount = std::ranges::find(*mounts, mark.device, &SharedMount::device);
      if (mount != mounts->end())
        marks.try_emplace(std::move(mark), (process / "root").string() + mount->path);
    }
  }
}

}  // namespace

std::vector<InodeMark> parse_marks(std::string_view fdinfo) {
  std::vector<InodeMark> marks;
  while (!fdinfo.empty()) {
    const std::size_t end = std::min(fdinfo.find('\n'), fdinfo.size());
    const std::string_view line = fdinfo.substr(0, end);
    fdinfo.remove_prefix(std::min(end + 1, fdinfo.size()));
    if (!line.starts_with("inotify ")) continue;
    const std::vector<std::string_view> words = words_of(line);
    const auto device = number(value_of(words, "sdev"), 16);
    const auto type = number(value_of(words, "fhandle-type"), 16);
    auto handle = bytes_of(value_of(words, "f_handle"));
    if (!device || !type || !handle) continue;
    marks.push_back({*device, static_cast<int>(*type), std::move(*handle)});
  }
  return marks;
}

std::map<InodeMark, std::string> marks_of_processes(const std::set<pid_t>& but,
                                                    const std::string& root) {
  std::map<InodeMark, std::string> marks;
  std::error_code error;
  for (fs::directory_iterator it(root + "/proc", error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    const auto pid = number(name, 10);
    if (!pid || but.contains(static_cast<pid_t>(*pid))) continue;
    ignore_error([&] { add_marks(it->path(), marks); }, "the process may have ended");
  }
  return marks;
}

std::vector<SharedMount> shared_mounts(std::string_view mountinfo) {
  std::vector<SharedMount> mounts;
  for (const std::string& line : split_text(mountinfo)) {
    const std::vector<std::string_view> words = words_of(line);
    std::size_t dash = 6;  // optional fields come before it; see proc(5)
    while (dash < words.size() && words[dash] != "-") ++dash;
    if (dash + 1 >= words.size() || words[dash + 1] != "virtiofs") continue;
    const std::size_t colon = std::min(words[2].find(':'), words[2].size());
    const auto major = number(words[2].substr(0, colon), 10);
    const auto minor = number(words[2].substr(std::min(colon + 1, words[2].size())), 10);
    if (major && minor)
      mounts.push_back({*major << kMinorBits | *minor, sys::decode_octal(words[4])});
  }
  return mounts;
}

}  // namespace kata::agent
