// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/failure.h"

#include <cstdio>

#include "runtime/base/log.h"

namespace kata::cli {

void report_failure(const GlobalOptions& globals, const std::string& message) noexcept {
  if (!globals.log.empty()) log::write(log::Level::error, message);
  std::fprintf(stderr, "kata-runtime: %s\n", message.c_str());
}

void set_up_log(const GlobalOptions& globals) {
  const log::Level level = globals.debug ? log::Level::debug : log::Level::info;
  if (globals.log.empty()) {
    log::to_stderr(globals.debug ? log::Level::debug : log::Level::warn, "kata-runtime");
  } else {
    log::to_file(globals.log, globals.log_format == "json" ? log::Format::json : log::Format::text,
                 level, "kata-runtime");
  }
}

}  // namespace kata::cli
