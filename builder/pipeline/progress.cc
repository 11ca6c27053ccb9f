// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata::pipeline {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainInterval{20};
constexpr std::size_t kBarWidth = 20;

std::size_t terminal_columns() {
  struct winsize size {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void write_to_stderr(std::string_view text) {
  ignore_error([&] { write_all(STDERR_FILENO, text); }, "progress is not worth failing for");
}

}  // namespace

ProgressMode progress_mode_from_name(std::string_view name) {
  if (name == "auto") return ::isatty(STDERR_FILENO) == 1 ? ProgressMode::tty : ProgressMode::plain;
  if (name == "tty") return ProgressMode::tty;
  if (name == "plain") return ProgressMode::plain;
  if (name == "none") return ProgressMode::none;
  throw_error(Code::invalid_argument, "progress must be auto, tty, plain or none, not \"{}\"",
              name);
}

std::string duration_text(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

Progress::Progress(ProgressMode mode)
    : Progress(mode, write_to_stderr, Clock::now, terminal_columns()) {}

Progress::Progress(ProgressMode mode, Sink sink, std::function<Clock::time_point()> now,
                   std::size_t columns)
    : mode_(mode), sink_(std::move(sink)), now_(std::move(now)), columns_(columns) {}

Progress::~Progress() { erase(); }

void Progress::begin(std::string_view stage, std::string_view what, std::uint64_t expected) {
  erase();
  stage_ = stage;
  expected_ = expected;
  done_ = 0;
  next_tenth_ = 1;
  started_ = now_();
  shown_ = started_;
  if (mode_ == ProgressMode::plain) sink_(fmt::format("{}: {}\n", stage, what));
  if (mode_ == ProgressMode::tty) draw(what);
}

void Progress::step(std::string_view item) {
  ++done_;
  const Clock::time_point now = now_();
  if (mode_ == ProgressMode::tty && now - shown_ >= kRedraw) {
    shown_ = now;
    draw(item);
  }
  if (mode_ == ProgressMode::plain) print_plain(item);
}

void Progress::print_plain(std::string_view item) {
  const bool tenth = expected_ > 0 && done_ * 10 >= expected_ * next_tenth_ && done_ < expected_;
  const Clock::time_point now = now_();
  if (!tenth && now - shown_ < kPlainInterval) return;
  if (expected_ > 0) next_tenth_ = done_ * 10 / expected_ + 1;
  shown_ = now;
  const std::string elapsed =
      duration_text(std::chrono::duration_cast<std::chrono::seconds>(now - started_));
  if (expected_ > 0 && done_ <= expected_) {
    sink_(fmt::format("{}: {}/{} files ({} %), {}, {}\n", stage_, done_, expected_,
                      done_ * 100 / expected_, elapsed, item));
  } else {
    sink_(fmt::format("{}: {} files, {}, {}\n", stage_, done_, elapsed, item));
  }
}

void Progress::draw(std::string_view item) {
  const std::string elapsed =
      duration_text(std::chrono::duration_cast<std::chrono::seconds>(now_() - started_));
  std::string line = fmt::format("{}  ", stage_);
  if (expected_ > 0) {
    const std::uint64_t shown = std::min(done_, expected_);
    const std::size_t full = static_cast<std::size_t>(shown * kBarWidth / expected_);
    line += fmt::format("[{}{}] {}/{} files  {}  {}", std::string(full, '#'),
                        std::string(kBarWidth - full, ' '), done_, std::max(done_, expected_),
                        elapsed, item);
  } else {
    line += done_ > 0 ? fmt::format("{} files  {}  {}", done_, elapsed, item) : std::string(item);
  }
  if (line.size() >= columns_) line.resize(columns_ > 1 ? columns_ - 1 : 0);
  sink_("\r" + line + "\x1b[K");
  line_is_drawn_ = true;
}

void Progress::erase() {
  if (!line_is_drawn_) return;
  sink_("\r\x1b[K");
  line_is_drawn_ = false;
}

void Progress::end(std::string_view summary) {
  erase();
  if (mode_ == ProgressMode::none || summary.empty()) return;
  const std::string elapsed =
      duration_text(std::chrono::duration_cast<std::chrono::seconds>(now_() - started_));
  sink_(fmt::format("{}: {} in {}\n", stage_, summary, elapsed));
}

void Progress::note(std::string_view text) {
  erase();
  if (mode_ != ProgressMode::none) sink_(fmt::format("{}\n", text));
}

}  // namespace kata::pipeline
