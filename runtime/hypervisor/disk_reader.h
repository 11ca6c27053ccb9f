// SPDX-License-Identifier: Apache-2.0
//
// A few bytes of a disk image as its guest would see them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::hypervisor {

class DiskReader {
 public:
  /// Throws Error when the file cannot be read or is a qcow2 image that takes data from other files
  /// of the host.
  explicit DiskReader(const std::string& path);

  [[nodiscard]] bool is_qcow2() const noexcept { return cluster_bits_ != 0; }
  [[nodiscard]] std::uint64_t file_size() const noexcept { return file_size_; }
  [[nodiscard]] std::uint64_t disk_size() const noexcept { return disk_size_; }
  /// Bytes beyond the end, and those that nobody has written, are 0. Throws
  /// Error(unimplemented) for what is compressed or encrypted.
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t size) const;

 private:
  void read_qcow2_header();
  [[nodiscard]] std::string read_file_at(std::uint64_t offset, std::size_t size) const;
  /// Where the cluster of that offset is in the file; 0: nowhere, it is empty.
  [[nodiscard]] std::uint64_t cluster_in_file(std::uint64_t offset) const;

  std::string path_;
  UniqueFd fd_;
  std::uint64_t file_size_ = 0;
  std::uint64_t disk_size_ = 0;
  std::uint32_t cluster_bits_ = 0;  ///< 0: not qcow2
  bool is_opaque_ = false;          ///< a feature is used that is not read here
  std::uint64_t level1_offset_ = 0;
  std::uint64_t level1_entries_ = 0;
};

/// Little-endian and big-endian numbers at `at`; what is beyond the text's end is 0.
[[nodiscard]] std::uint64_t little_endian(const std::string& text, std::size_t at,
                                          std::size_t bytes);
[[nodiscard]] std::uint64_t big_endian(const std::string& text, std::size_t at, std::size_t bytes);

}  // namespace kata::hypervisor
