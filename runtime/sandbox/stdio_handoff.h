// SPDX-License-Identifier: Apache-2.0
//
// Descriptors that the command line hands over before a Create or Exec call names them as
// "handoff://TOKEN". ttrpc carries no descriptors, so they come over a SOCK_SEQPACKET socket of
// their own.
#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::sandbox {

inline constexpr std::string_view kHandoffScheme = "handoff://";

class StdioHandoff {
 public:
  /// Accepts on the listening socket until cancelled. One message a connection: the token, with
  /// three descriptors (stdin, stdout, stderr) or one (a pty's slave); the answer is "ok".
  asio::awaitable<void> accept(UniqueFd listener);
  /// The descriptors given under `token`, once. Throws Error(not_found).
  [[nodiscard]] std::vector<UniqueFd> take(const std::string& token);

 private:
  void receive(int peer);

  std::map<std::string, std::vector<UniqueFd>> waiting_;
};

}  // namespace kata::sandbox
