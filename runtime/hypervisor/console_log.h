// SPDX-License-Identifier: Apache-2.0
//
// The last lines of an untrusted stream (a guest's console, a helper's output), bounded and without
// control characters, so that they can stand in an error.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace kata::hypervisor {

class ConsoleLog {
 public:
  using LineHandler = std::function<void(std::string_view)>;

  /// `on_line` gets each whole line, cleaned. May be empty.
  explicit ConsoleLog(LineHandler on_line = {}, std::size_t max_lines = 40);
  void append(std::string_view bytes);
  /// The kept lines and the unfinished one, joined by newlines.
  [[nodiscard]] std::string tail() const;

 private:
  void finish_line();
  LineHandler on_line_;
  std::size_t max_lines_;
  std::deque<std::string> lines_;
  std::string current_;
  bool in_escape_ = false;
};

}  // namespace kata::hypervisor
