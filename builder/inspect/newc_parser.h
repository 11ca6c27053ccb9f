// SPDX-License-Identifier: Apache-2.0
//
// The cpio format "newc" as the kernel reads it: several archives may follow each other, with zeros
// between them. Fed with bytes as they come; holds no more than a name or a link's target.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "builder/archive/archive_reader.h"

namespace kata::inspect {

struct NewcEntry {
  archive::Entry entry;  ///< path as in the archive; the target of a symbolic link is there
  std::uint32_t links = 1;
  /// Equal for the names of one file: archive, device and inode.
  std::string identity;
};

class NewcParser {
 public:
  using OnEntry = std::function<void(const NewcEntry&)>;
  using OnContent = std::function<void(std::string_view)>;
  /// `on_entry` tells of each entry before its content; `on_content` brings a regular file's bytes;
  /// `on_end` says that the entry is over.
  NewcParser(std::string name, OnEntry on_entry, OnContent on_content,
             std::function<void()> on_end);

  /// Whether an archive has begun whose end has not come.
  [[nodiscard]] bool in_archive() const noexcept { return state_ != State::between; }
  /// Takes what it can of `data`: all of it within an archive, else zeros up to the next archive or
  /// to something else. Returns how much. Throws Error(data_loss) for what is no such archive.
  std::size_t feed(std::string_view data);
  [[nodiscard]] std::uint64_t archives() const noexcept { return archives_; }

 private:
  enum class State { between, header, name, target, content, padding };
  void take_header();
  void take_name();
  void end_entry();
  bool collect(std::string_view data, std::size_t& used);
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  OnEntry on_entry_;
  OnContent on_content_;
  std::function<void()> on_end_;
  State state_ = State::between;
  std::string text_;
  std::uint64_t wanted_ = 0;   ///< bytes of text_, or left of the content
  std::uint64_t padding_ = 0;  ///< left to be skipped
  std::uint64_t offset_ = 0;
  std::uint64_t archives_ = 0;
  NewcEntry current_;
  std::size_t name_size_ = 0;
};

}  // namespace kata::inspect
