// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/newc_parser.h"

#include <linux/limits.h>

#include <algorithm>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::inspect {
namespace {

using archive::EntryKind;

constexpr std::size_t kHeader = 110;
constexpr std::string_view kTrailer = "TRAILER!!!";

std::uint64_t aligned(std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; }

EntryKind kind_of(std::uint32_t mode) {
  switch (mode >> 12U) {
    case 1:
      return EntryKind::fifo;
    case 2:
      return EntryKind::character_device;
    case 4:
      return EntryKind::directory;
    case 6:
      return EntryKind::block_device;
    case 10:
      return EntryKind::symlink;
    case 12:
      return EntryKind::socket;
    default:
      return EntryKind::file;
  }
}

}  // namespace

NewcParser::NewcParser(std::string name, OnEntry on_entry, OnContent on_content,
                       std::function<void()> on_end)
    : name_(std::move(name)),
      on_entry_(std::move(on_entry)),
      on_content_(std::move(on_content)),
      on_end_(std::move(on_end)) {}

void NewcParser::fail(const std::string& why) const {
  throw_error(Code::data_loss, "read {}: {} at byte {} of the unpacked archive", name_, why,
              offset_);
}

/// Adds to text_ until it holds wanted_ bytes.
bool NewcParser::collect(std::string_view data, std::size_t& used) {
  const std::size_t count = std::min<std::size_t>(data.size() - used, wanted_ - text_.size());
  text_ += data.substr(used, count);
  used += count;
  offset_ += count;
  return text_.size() == wanted_;
}

std::size_t NewcParser::feed(std::string_view data) {
  std::size_t used = 0;
  while (used < data.size()) {
    switch (state_) {
      case State::between: {
        if (data[used] != '\0' && data[used] != '0') return used;
        if (data[used] == '0') {
          state_ = State::header;
          wanted_ = kHeader;
          text_.clear();
          ++archives_;
        } else {
          ++used;
          ++offset_;
        }
        break;
      }
      case State::header:
        if (collect(data, used)) take_header();
        break;
      case State::name:
        if (collect(data, used)) take_name();
        break;
      case State::target:
        if (collect(data, used)) {
          current_.entry.target = text_.substr(0, text_.find('\0'));
          on_entry_(current_);
          end_entry();
        }
        break;
      case State::content: {
        const std::size_t count = std::min<std::uint64_t>(data.size() - used, wanted_);
        if (count > 0) on_content_(data.substr(used, count));
        used += count;
        offset_ += count;
        wanted_ -= count;
        if (wanted_ == 0) end_entry();
        break;
      }
      case State::padding: {
        const std::size_t count = std::min<std::uint64_t>(data.size() - used, padding_);
        used += count;
        offset_ += count;
        padding_ -= count;
        break;
      }
    }
    if (state_ == State::padding && padding_ == 0) {
      state_ = State::header;
      wanted_ = kHeader;
      text_.clear();
    }
  }
  return used;
}

void NewcParser::take_header() {
  if (!text_.starts_with("070701") && !text_.starts_with("070702"))
    fail("there is no cpio header of the format newc");
  std::uint32_t field[13] = {};
  for (std::size_t i = 0; i < 13; ++i) {
    for (const char c : text_.substr(6 + 8 * i, 8)) {
      const char lower = static_cast<char>(c | 0x20);
      std::uint32_t digit = 16;
      if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
      if (lower >= 'a' && lower <= 'f') digit = static_cast<std::uint32_t>(lower - 'a' + 10);
      if (digit > 15) fail("there is a cpio header with something else than digits");
      field[i] = field[i] << 4U | digit;
    }
  }
  current_ = {};
  archive::Entry& entry = current_.entry;
  entry.kind = kind_of(field[1]);
  entry.mode = field[1] & 07777U;
  entry.uid = field[2];
  entry.gid = field[3];
  current_.links = field[4];
  entry.mtime = field[5];
  entry.size = field[6];
  entry.device_major = field[9];
  entry.device_minor = field[10];
  current_.identity = fmt::format("{}:{}:{}:{}", archives_, field[7], field[8], field[0]);
  name_size_ = field[11];
  if (name_size_ < 2 || name_size_ > PATH_MAX)
    fail(fmt::format("there is a cpio entry with a name of {} bytes", name_size_));
  if (entry.kind == EntryKind::symlink && entry.size > PATH_MAX)
    fail(fmt::format("there is a symbolic link with a target of {} bytes", entry.size));
  text_.clear();
  wanted_ = aligned(kHeader + name_size_) - kHeader;
  state_ = State::name;
}

void NewcParser::take_name() {
  std::string path = text_.substr(0, name_size_ - 1);
  path.resize(std::min(path.size(), path.find('\0')));
  if (path.empty()) fail("there is a cpio entry without a name");
  text_.clear();
  if (path == kTrailer) {
    state_ = State::between;
    return;
  }
  archive::Entry& entry = current_.entry;
  entry.path = std::move(path);
  wanted_ = entry.size;
  padding_ = aligned(wanted_) - wanted_;
  if (entry.kind == EntryKind::symlink && wanted_ > 0) {
    state_ = State::target;
    return;
  }
  if (entry.kind != EntryKind::file && wanted_ > 0)
    fail(fmt::format("/{} is no file and has content", foreign_line(entry.path, 200)));
  on_entry_(current_);
  state_ = State::content;
  if (wanted_ == 0) end_entry();
}

void NewcParser::end_entry() {
  on_end_();
  state_ = State::padding;
  text_.clear();
}

}  // namespace kata::inspect
