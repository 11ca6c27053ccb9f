// SPDX-License-Identifier: Apache-2.0
//
// Signal names and numbers of Linux on x86_64 and aarch64, see signal(7).
#pragma once

#include <string>
#include <string_view>

namespace kata {

/// "TERM", "SIGTERM", "term", "15", "RTMIN+3" -> number. Throws Error(invalid_argument).
[[nodiscard]] int signal_from_name(std::string_view name);
/// 15 -> "SIGTERM"; 37 -> "SIGRTMIN+3"; unknown numbers -> "signal 99".
[[nodiscard]] std::string signal_name(int number);

}  // namespace kata
