// SPDX-License-Identifier: Apache-2.0
//
// `debug-console`: a shell in the guest itself, where debug_console_enabled is set and the image
// has one. Ctrl-] leaves it.
#pragma once

#include <string>
#include <string_view>

#include "runtime/cli/command_line.h"

namespace kata::cli {

struct DebugConsoleOptions {
  std::string id;
};

/// The guest's output without the mark that says that its shell has ended.
class ConsoleOutput {
 public:
  /// What of the text so far can be shown; a beginning of the mark is held back.
  [[nodiscard]] std::string take(std::string_view text);
  /// Whether the mark has come; what follows it is not shown.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

 private:
  std::string held_;
  bool has_ended_ = false;
};

/// Describes the verb and its options.
void add_debug_console(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_debug_console(const DebugConsoleOptions& options, Runtime& runtime);

}  // namespace kata::cli
