// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/console_log.h"

#include <utility>

namespace kata::hypervisor {
namespace {

constexpr std::size_t kMaxLine = 1024;
constexpr char kEscape = '\x1b';

bool is_letter(char c) { return (c >= '@' && c <= 'Z') || (c >= '^' && c <= '~'); }

}  // namespace

ConsoleLog::ConsoleLog(LineHandler on_line, std::size_t max_lines)
    : on_line_(std::move(on_line)), max_lines_(max_lines) {}

void ConsoleLog::finish_line() {
  if (current_.empty()) return;
  if (on_line_) on_line_(current_);
  lines_.push_back(std::exchange(current_, {}));
  if (lines_.size() > max_lines_) lines_.pop_front();
}

void ConsoleLog::append(std::string_view bytes) {
  for (const char c : bytes) {
    if (in_escape_) {
      // "ESC [ ... letter": the sequence ends with its letter; '[' itself is not one.
      if (is_letter(c)) in_escape_ = false;
    } else if (c == kEscape) {
      in_escape_ = true;
    } else if (c == '\n') {
      finish_line();
    } else if (c == '\t' || static_cast<unsigned char>(c) >= ' ') {
      if (c != '\x7f') current_ += c;
      if (current_.size() >= kMaxLine) finish_line();
    }
  }
}

std::string ConsoleLog::tail() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  text += current_;
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace kata::hypervisor
