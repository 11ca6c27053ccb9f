// SPDX-License-Identifier: Apache-2.0
//
// A disk image made by hand, byte by byte, so that a test knows what is in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::test {

class DiskImage {
 public:
  static constexpr std::uint64_t kMib = 1024 * 1024;

  struct Partition {
    std::uint64_t offset = 0;  ///< bytes from the table
    std::uint64_t size = 0;
  };

  /// A new file of `size` bytes, all of them 0.
  DiskImage(const std::string& path, std::uint64_t size);

  void write(std::uint64_t offset, const std::string& bytes);
  /// Copies a file to that place; holes stay holes.
  void put(std::uint64_t offset, const std::string& file);
  /// Turns every bit of one byte.
  void flip(std::uint64_t offset);
  [[nodiscard]] std::string read(std::uint64_t offset, std::size_t size) const;
  /// A partition table at `at`, which is 0 but for the second one of an image for nvdimm.
  void write_mbr(const std::vector<Partition>& partitions, std::uint64_t at = 0);
  void write_gpt(const std::vector<Partition>& partitions);
  /// The header at 4 KiB by which a kernel maps persistent memory that begins at `data_offset`.
  void write_dax_header(std::uint64_t data_offset);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  std::uint64_t size_;
  UniqueFd fd_;
};

}  // namespace kata::test
