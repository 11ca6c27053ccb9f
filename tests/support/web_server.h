// SPDX-License-Identifier: Apache-2.0
//
// A real web server on loopback.
#pragma once

#include <string>

#include "runtime/base/command.h"
#include "runtime/base/fd.h"

namespace kata::test {

/// Serves a folder on loopback until the end of scope.
class WebServer {
 public:
  /// `port` 0: any that is free.
  explicit WebServer(const std::string& folder, int port = 0);
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
  UniqueFd output_;
  ChildProcess process_;
  std::string url_;
};

}  // namespace kata::test
