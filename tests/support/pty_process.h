// SPDX-License-Identifier: Apache-2.0
//
// A program on a pseudo-terminal of ours, as a person at a keyboard would see it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/fd.h"

namespace kata::test {

class PtyProcess {
 public:
  /// Starts `argv` with the terminal as its controlling one. Throws Error.
  PtyProcess(std::vector<std::string> argv, unsigned short rows, unsigned short columns);

  void type(std::string_view text);
  /// TIOCSWINSZ: the program gets SIGWINCH.
  void resize(unsigned short rows, unsigned short columns);
  /// Reads until `text` has been seen; everything read so far. Throws Error (deadline_exceeded with
  /// what was read).
  std::string read_until(std::string_view text,
                         std::chrono::seconds timeout = std::chrono::seconds(60));
  /// Reads to the end and reaps; the status as a shell tells it.
  int wait(std::chrono::seconds timeout = std::chrono::seconds(60));
  [[nodiscard]] const std::string& seen() const noexcept { return seen_; }

 private:
  /// Reads once; false at the end of file. Throws Error at `deadline`.
  bool read_some(std::chrono::steady_clock::time_point deadline);

  UniqueFd master_;
  ChildProcess child_;
  std::string seen_;
  std::size_t consumed_ = 0;
};

}  // namespace kata::test
