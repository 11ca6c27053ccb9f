// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/failure.h"

#include <cstdio>

#include "runtime/base/log.h"

namespace kata::cli {

void report_failure(const GlobalOptions& globals, const std::string& message) noexcept {
  const bool json = globals.log_format == "json";
  if (!globals.log.empty() || json) log::write(log::Level::error, message);
  if (globals.log.empty() && json) return;
  std::fprintf(stderr, "kata-runtime: %s\n", message.c_str());
}

void set_up_log(const GlobalOptions& globals) {
  const log::Format format = globals.log_format == "json" ? log::Format::json : log::Format::text;
  const log::Level level = globals.debug ? log::Level::debug : log::Level::info;
  if (globals.log.empty()) {
    log::to_stderr(globals.debug ? log::Level::debug : log::Level::warn, "kata-runtime", format);
  } else {
    log::to_file(globals.log, format, level, "kata-runtime");
  }
}

}  // namespace kata::cli
