// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"

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
  if (name == "json") return ProgressMode::json;
  if (name == "none") return ProgressMode::none;
  throw_error(Code::invalid_argument, "progress must be auto, tty, plain, json or none, not \"{}\"",
              name);
}

std::string duration_text(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

ProgressBoard::ProgressBoard(ProgressMode mode)
    : ProgressBoard(mode, write_to_stderr, Clock::now, terminal_columns()) {}

ProgressBoard::ProgressBoard(ProgressMode mode, Sink sink, std::function<Clock::time_point()> now,
                             std::size_t columns)
    : mode_(mode), sink_(std::move(sink)), now_(std::move(now)), columns_(columns) {}

ProgressBoard::~ProgressBoard() { erase(); }

void ProgressBoard::erase() {
  if (drawn_ == 0) return;
  std::string text = "\r\x1b[K";
  for (; drawn_ > 1; --drawn_) text += "\x1b[A\x1b[K";
  drawn_ = 0;
  sink_(text);
}

void ProgressBoard::draw() {
  std::string text;
  for (std::size_t i = 1; i < drawn_; ++i) text += "\x1b[A";
  for (const auto& [owner, line] : lines_) {
    if (&line != &lines_.front().second) text += '\n';
    text += "\r" + line.substr(0, columns_ > 1 ? columns_ - 1 : 0) + "\x1b[K";
  }
  drawn_ = lines_.size();
  if (!text.empty()) sink_(text);
}

void ProgressBoard::print(std::string_view line) {
  if (mode_ != ProgressMode::tty && mode_ != ProgressMode::plain) return;
  const std::lock_guard lock(mutex_);
  erase();
  sink_(fmt::format("{}\n", line));
  draw();
}

void ProgressBoard::show(const void* owner, std::string line) {
  if (mode_ != ProgressMode::tty) return;
  const std::lock_guard lock(mutex_);
  const auto mine = std::find_if(lines_.begin(), lines_.end(),
                                 [&](const auto& entry) { return entry.first == owner; });
  if (mine != lines_.end()) {
    mine->second = std::move(line);
  } else {
    erase();
    lines_.emplace_back(owner, std::move(line));
  }
  draw();
}

void ProgressBoard::hide(const void* owner) {
  const std::lock_guard lock(mutex_);
  if (std::erase_if(lines_, [&](const auto& entry) { return entry.first == owner; }) == 0) return;
  erase();
  draw();
}

void ProgressBoard::event(const Json& event) {
  if (mode_ != ProgressMode::json) return;
  Json line = event;
  using std::chrono::duration;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  line["time"] = std::round(duration<double>(now).count() * 1000) / 1000;
  const std::lock_guard lock(mutex_);
  sink_(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Progress::~Progress() { board_.hide(this); }

std::chrono::seconds Progress::elapsed() const {
  return std::chrono::duration_cast<std::chrono::seconds>(board_.now() - started_);
}

void Progress::begin(std::string_view stage, std::string_view what, std::uint64_t expected) {
  const std::lock_guard lock(mutex_);
  board_.hide(this);
  stage_ = stage;
  expected_ = expected;
  done_ = 0;
  next_tenth_ = 1;
  started_ = board_.now();
  shown_ = started_;
  if (board_.mode() == ProgressMode::plain) board_.print(fmt::format("{}: {}", stage, what));
  board_.event({{"event", "begin"}, {"stage", stage_}, {"what", what}, {"expected", expected}});
  draw(what);
}

void Progress::expect(std::uint64_t expected) {
  const std::lock_guard lock(mutex_);
  expected_ = expected;
}

void Progress::step(std::string_view item) {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (board_.mode() == ProgressMode::tty && board_.now() - shown_ >= kRedraw) {
    shown_ = board_.now();
    draw(item);
  }
  if (board_.mode() == ProgressMode::plain || board_.mode() == ProgressMode::json) print_step(item);
}

void Progress::print_step(std::string_view item) {
  const bool tenth = expected_ > 0 && done_ * 10 >= expected_ * next_tenth_ && done_ < expected_;
  const Clock::time_point now = board_.now();
  if (!tenth && now - shown_ < kPlainInterval) return;
  if (expected_ > 0) next_tenth_ = done_ * 10 / expected_ + 1;
  shown_ = now;
  const std::string time = duration_text(elapsed());
  if (expected_ > 0 && done_ <= expected_) {
    board_.print(fmt::format("{}: {}/{} steps ({} %), {}, {}", stage_, done_, expected_,
                             done_ * 100 / expected_, time, item));
  } else {
    board_.print(fmt::format("{}: {} steps, {}, {}", stage_, done_, time, item));
  }
  board_.event({{"event", "step"},
                {"stage", stage_},
                {"done", done_},
                {"expected", expected_},
                {"item", item}});
}

void Progress::draw(std::string_view item) {
  const std::string time = duration_text(elapsed());
  std::string line = fmt::format("{}  ", stage_);
  if (expected_ > 0) {
    const std::uint64_t shown = std::min(done_, expected_);
    const std::size_t full = static_cast<std::size_t>(shown * kBarWidth / expected_);
    line += fmt::format("[{}{}] {}/{} steps  {}  {}", std::string(full, '#'),
                        std::string(kBarWidth - full, ' '), done_, std::max(done_, expected_), time,
                        item);
  } else {
    line += done_ > 0 ? fmt::format("{} steps  {}  {}", done_, time, item) : std::string(item);
  }
  board_.show(this, std::move(line));
}

void Progress::end(std::string_view summary) {
  const std::lock_guard lock(mutex_);
  board_.hide(this);
  const auto seconds = std::chrono::duration<double>(board_.now() - started_).count();
  board_.event({{"event", "end"},
                {"stage", stage_},
                {"summary", summary},
                {"seconds", std::round(seconds * 1000) / 1000}});
  if (!summary.empty())
    board_.print(fmt::format("{}: {} in {}", stage_, summary, duration_text(elapsed())));
}

void Progress::note(std::string_view text) {
  board_.event({{"event", "note"}, {"text", text}});
  board_.print(text);
}

std::uint64_t Progress::steps() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

}  // namespace kata::pipeline
