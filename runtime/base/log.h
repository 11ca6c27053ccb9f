// SPDX-License-Identifier: Apache-2.0
//
// Logging for every program of the tree: lower-case event, then key=value. spdlog does the work in
// log.cc; this header keeps it out of every other file, for compile time and for the size of the
// guest agent.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace kata::log {

enum class Level { trace, debug, info, warn, error };

/// Where lines go. `json` is the shape engines parse from `--log FILE --log-format json`:
/// {"level":"error","msg":"...","time":"2026-01-02T03:04:05Z"}, one object a line, as runc writes
/// it.
enum class Format { text, json };

/// Sends lines to standard error (the default of every program until something else is set).
void to_stderr(Level threshold, std::string_view program, Format format = Format::text);
/// Sends lines to `path`, appended; throws Error when it cannot be opened.
void to_file(const std::string& path, Format format, Level threshold, std::string_view program);
/// Sends lines to the kernel's log (/dev/kmsg), as the guest's PID 1 does; quietly to nowhere when
/// it is not there.
void to_kmsg(Level threshold, std::string_view program);
/// "debug", "info", "warn", "warning", "error", "trace"; throws Error(invalid_argument) for
/// anything else.
[[nodiscard]] Level level_from_name(std::string_view name);

[[nodiscard]] bool is_enabled(Level level) noexcept;
void write(Level level, std::string_view line) noexcept;

template <typename... Args>
void emit(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (is_enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void trace(fmt::format_string<Args...> format, Args&&... args) {
  emit(Level::trace, format, std::forward<Args>(args)...);
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  emit(Level::debug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  emit(Level::info, format, std::forward<Args>(args)...);
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  emit(Level::warn, format, std::forward<Args>(args)...);
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  emit(Level::error, format, std::forward<Args>(args)...);
}

}  // namespace kata::log
