// SPDX-License-Identifier: Apache-2.0
//
// The cpio format "newc" that the kernel unpacks into its first root file system, written by
// libarchive. Nothing of the builder's machine goes in: owners, modes, times and inode numbers are
// what the caller says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "builder/archive/archive_reader.h"

namespace kata::archive {

struct CpioEntry {
  Entry entry;              ///< path without a leading slash; `size` is what add_content will bring
  std::uint32_t inode = 0;  ///< equal for the names of one file
  std::uint32_t links = 1;
};

class CpioWriter {
 public:
  /// Writes to the new file `path`. Throws Error.
  explicit CpioWriter(const std::string& path);
  /// Hands the archive to `sink`, part by part; what that throws comes out of the call that wrote.
  explicit CpioWriter(std::function<void(std::string_view)> sink);
  ~CpioWriter();
  CpioWriter(const CpioWriter&) = delete;
  CpioWriter& operator=(const CpioWriter&) = delete;
  /// Begins an entry. Throws Error for a file over 4 GiB, which newc cannot hold.
  void begin(const CpioEntry& entry);
  /// A part of the current entry's content.
  void add_content(std::string_view data);
  /// Writes the trailer; returns the size of the whole. Throws Error.
  std::uint64_t finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kata::archive
