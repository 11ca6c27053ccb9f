// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/interrupt.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"

namespace kata::cli {

Interrupt::Interrupt() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, &before_);
  fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!fd_) throw_errno(errno, "make a signal descriptor");
}

Interrupt::~Interrupt() {
  // An error is on its way to the caller already: the signal that may have caused it must not end
  // the program before it is told.
  if (std::uncaught_exceptions() > 0) {
    ignore_error([&] { check(); }, "the operation has failed anyway");
  }
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::check() const {
  pollfd poll_fd{fd_.get(), POLLIN, 0};
  if (::poll(&poll_fd, 1, 0) <= 0) return;
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return;
  throw_error(Code::cancelled, "interrupted by {}", signal_name(static_cast<int>(info.ssi_signo)));
}

}  // namespace kata::cli
