// SPDX-License-Identifier: Apache-2.0
//
// How a failed command tells so: on standard error for people, and as the last line of --log for
// engines.
#pragma once

#include <string>

#include "runtime/cli/runtime.h"

namespace kata::cli {

/// "kata-runtime: MESSAGE" on standard error, or JSON with --log-format json alone; with --log also
/// a line of level error there, whose `msg` dockerd shows.
void report_failure(const GlobalOptions& globals, const std::string& message) noexcept;

/// Sets the log up as the options say. Throws Error when the file cannot be opened.
void set_up_log(const GlobalOptions& globals);

}  // namespace kata::cli
