// SPDX-License-Identifier: Apache-2.0
//
// Whole-file and whole-buffer input and output. Kernel files (/proc, /sys, cgroup) go through here
// too, below a root directory that a test can choose.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kata {

/// The whole file; at most `limit` bytes (throws Error resource_exhausted beyond). Throws Error
/// that names the path.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t limit = 64U << 20);
/// As read_file, but nothing when the file does not exist.
[[nodiscard]] std::optional<std::string> read_file_if_exists(const std::string& path);
/// read_file without trailing white space: for one-value kernel files.
[[nodiscard]] std::string read_line_of(const std::string& path);
/// Opens with O_WRONLY|O_TRUNC (no O_CREAT: for kernel files) and writes all in one write(2).
/// Throws Error.
void write_kernel_file(const std::string& path, std::string_view text);
/// Creates or replaces `path` by rename, so a reader sees the old or the new text, never a part.
/// Throws Error.
void write_file_atomic(const std::string& path, std::string_view text, unsigned mode = 0644);
/// Creates or truncates `path`. Throws Error.
void write_file(const std::string& path, std::string_view text, unsigned mode = 0644);

/// Reads until end of file or `limit` bytes. Throws Error.
[[nodiscard]] std::string read_all(int fd, std::size_t limit = 64U << 20);
/// Writes everything, EINTR and short writes handled. Throws Error.
void write_all(int fd, std::string_view data);

/// mkdir -p with `mode` for the folders that it makes. Throws Error.
void make_directories(const std::string& path, unsigned mode = 0755);

/// A folder of one's own below `parent`, removed with all it holds (never across a mount point) at
/// the end of scope.
class TempDir {
 public:
  explicit TempDir(const std::string& parent = "/tmp", std::string_view prefix = "kata-");
  TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TempDir& operator=(TempDir&&) = delete;
  TempDir(const TempDir&) = delete;
  ~TempDir();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Gives up ownership: the folder stays.
  std::string release() noexcept { return std::exchange(path_, {}); }

 private:
  std::string path_;
};

}  // namespace kata
