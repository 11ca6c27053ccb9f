// SPDX-License-Identifier: Apache-2.0
//
// What a person sees while a build runs: one moving line per stage on a terminal, a line now and
// then in a log, or events in JSON for a program that watches.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kata::pipeline {

enum class ProgressMode { tty, plain, json, none };

/// "auto", "tty", "plain", "json", "none"; auto is tty when standard error is a terminal. Throws
/// Error(invalid_argument).
[[nodiscard]] ProgressMode progress_mode_from_name(std::string_view name);
/// "7s", "3m12s", "1h04m".
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);

/// What the stages of one katabuild share: the terminal's bottom lines, one for each stage at work,
/// or the log. Threads may share it.
class ProgressBoard {
 public:
  using Clock = std::chrono::steady_clock;
  using Sink = std::function<void(std::string_view)>;

  /// Writes to standard error.
  explicit ProgressBoard(ProgressMode mode);
  /// For tests: writes to `sink`, reads the time from `now`, a terminal is `columns` wide.
  ProgressBoard(ProgressMode mode, Sink sink, std::function<Clock::time_point()> now,
                std::size_t columns);
  ProgressBoard(const ProgressBoard&) = delete;
  ProgressBoard& operator=(const ProgressBoard&) = delete;
  ~ProgressBoard();

  [[nodiscard]] ProgressMode mode() const noexcept { return mode_; }
  [[nodiscard]] Clock::time_point now() const { return now_(); }
  /// A line that stays, in the modes tty and plain.
  void print(std::string_view line);
  /// Shows or changes the moving line of `owner`, on a terminal.
  void show(const void* owner, std::string line);
  /// Takes the moving line of `owner` away.
  void hide(const void* owner);
  /// One line of JSON with the time added (seconds since 1970), in the mode json.
  void event(const nlohmann::ordered_json& event);

 private:
  void erase();
  void draw();

  const ProgressMode mode_;
  const Sink sink_;
  const std::function<Clock::time_point()> now_;
  const std::size_t columns_;
  std::mutex mutex_;
  std::vector<std::pair<const void*, std::string>> lines_;
  std::size_t drawn_ = 0;  ///< how many lines are on the terminal
};

/// The progress of one stage. Threads may share it.
class Progress {
 public:
  using Clock = ProgressBoard::Clock;
  using Sink = ProgressBoard::Sink;

  explicit Progress(ProgressBoard& board) : board_(board) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// A stage of `expected` steps begins; 0: unknown, and no bar is drawn.
  void begin(std::string_view stage, std::string_view what, std::uint64_t expected);
  /// How many steps it will be, known only later.
  void expect(std::uint64_t expected);
  /// One step is done.
  void step(std::string_view item);
  /// The stage is over; the moving line gives way to `summary`.
  void end(std::string_view summary);
  /// A line of its own, in every mode but none.
  void note(std::string_view text);
  [[nodiscard]] std::uint64_t steps() const;

 private:
  void draw(std::string_view item);
  void print_step(std::string_view item);
  [[nodiscard]] std::chrono::seconds elapsed() const;

  ProgressBoard& board_;
  mutable std::mutex mutex_;
  std::string stage_;
  std::uint64_t expected_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t next_tenth_ = 1;
  Clock::time_point started_;
  Clock::time_point shown_;
};

}  // namespace kata::pipeline
