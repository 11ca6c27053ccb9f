// SPDX-License-Identifier: Apache-2.0
//
// SIGINT, SIGTERM and SIGHUP as something to poll for, so that an interrupted `create` can undo
// what it has done.
#pragma once

#include <signal.h>

#include "runtime/base/fd.h"

namespace kata::cli {

class Interrupt {
 public:
  /// Blocks the three signals until the end of scope. Throws Error.
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  /// Readable when a signal has come.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Throws Error(cancelled) that names the signal when one has come.
  void check() const;

 private:
  sigset_t before_{};
  UniqueFd fd_;
};

}  // namespace kata::cli
