// SPDX-License-Identifier: Apache-2.0
//
// What a person sees while a build runs: one moving line on a terminal, a line now and then in a
// log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kata::pipeline {

enum class ProgressMode { tty, plain, none };

/// "auto", "tty", "plain", "none"; auto is tty when standard error is a terminal. Throws
/// Error(invalid_argument).
[[nodiscard]] ProgressMode progress_mode_from_name(std::string_view name);
/// "7s", "3m12s", "1h04m".
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);

class Progress {
 public:
  using Clock = std::chrono::steady_clock;
  using Sink = std::function<void(std::string_view)>;

  /// Writes to standard error.
  explicit Progress(ProgressMode mode);
  /// For tests: writes to `sink`, reads the time from `now`, a terminal is `columns` wide.
  Progress(ProgressMode mode, Sink sink, std::function<Clock::time_point()> now,
           std::size_t columns = 80);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// A stage of `expected` steps begins; 0: unknown, and no bar is drawn.
  void begin(std::string_view stage, std::string_view what, std::uint64_t expected);
  /// One step is done.
  void step(std::string_view item);
  /// The stage is over; the moving line gives way to `summary`.
  void end(std::string_view summary);
  /// A line of its own, in every mode but none.
  void note(std::string_view text);
  [[nodiscard]] std::uint64_t steps() const noexcept { return done_; }

 private:
  void draw(std::string_view item);
  void print_plain(std::string_view item);
  void erase();

  ProgressMode mode_;
  Sink sink_;
  std::function<Clock::time_point()> now_;
  std::size_t columns_;
  std::string stage_;
  std::uint64_t expected_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t next_tenth_ = 1;
  Clock::time_point started_;
  Clock::time_point shown_;
  bool line_is_drawn_ = false;
};

}  // namespace kata::pipeline
