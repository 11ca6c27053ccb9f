// SPDX-License-Identifier: Apache-2.0
//
// Standard output, where what cannot be written is an error: a reader that has gone, a full disk.
#pragma once

#include <string>

namespace kata::cli {

/// Writes out what has been printed. Throws Error when that, or anything before, has failed.
void flush_output();

/// Prints a line for a reader that waits for it. Throws Error when it cannot be written.
void print_line(const std::string& line);

}  // namespace kata::cli
