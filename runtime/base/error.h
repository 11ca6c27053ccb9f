// SPDX-License-Identifier: Apache-2.0
//
// The one exception type of the project. An error says what was attempted on what and why it
// failed; every boundary that knows a new fact (which container, which recipe key) adds it as
// context. See docs/adr/0001-errors-are-exceptions.md.
#pragma once

#include <fmt/core.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kata {

/// Error classes, numbered as the gRPC status codes that ttrpc puts on the wire, so one table
/// serves both.
enum class Code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code that stands for an errno value, e.g. ENOENT -> not_found; `internal` when no better one
/// exists.
[[nodiscard]] Code code_from_errno(int err) noexcept;
/// The code's name as in the gRPC documentation, lower case with underscores.
[[nodiscard]] std::string_view code_name(Code code) noexcept;
/// strerror(3) without its shared buffer.
[[nodiscard]] std::string errno_text(int err);

/// What went wrong: a code to act on, the errno it came from (0 when none), and the text for
/// people.
class Error : public std::exception {
 public:
  Error(Code code, std::string message, int err = 0);

  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] int err() const noexcept { return err_; }
  /// Context outermost first, then the message: "create container c1: mount proc on /proc:
  /// Permission denied".
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  /// The message without its context.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// Adds an outer fact.
  void add_context(std::string_view context);

 private:
  Code code_;
  int err_;
  std::string message_;
  std::string what_;
};

/// Throws Error{code, formatted message}.
template <typename... Args>
[[noreturn]] void throw_error(Code code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

/// Throws Error from an errno value that the caller saved first; appends its text to the message.
template <typename... Args>
[[noreturn]] void throw_errno(int err, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code_from_errno(err),
              fmt::format(format, std::forward<Args>(args)...) + ": " + errno_text(err), err);
}

/// Runs `body`; when it throws Error, adds the formatted context (formatted only then) and
/// rethrows.
template <typename Body, typename... Args>
decltype(auto) in_context(Body&& body, fmt::format_string<Args...> format, Args&&... args) {
  try {
    return std::forward<Body>(body)();
  } catch (Error& error) {
    error.add_context(fmt::format(format, std::forward<Args>(args)...));
    throw;
  }
}

/// Runs `body` and drops an Error on purpose; `why` says why that is right and is logged at debug
/// level.
template <typename Body>
void ignore_error(Body&& body, std::string_view why);

namespace detail {
void log_ignored(std::string_view what, std::string_view why) noexcept;
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}  // namespace detail

template <typename Body>
void ignore_error(Body&& body, std::string_view why) {
  try {
    std::forward<Body>(body)();
  } catch (const std::exception& error) {
    detail::log_ignored(error.what(), why);
  }
}

}  // namespace kata

/// A bug, not an error of the outside world: prints the place and aborts.
#define KATA_ASSERT(expression) \
  ((expression) ? void(0) : ::kata::detail::assertion_failed(#expression, __FILE__, __LINE__))
