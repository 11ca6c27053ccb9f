// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"
#include "runtime/base/sys_process.h"

namespace kata::pipeline {
namespace {

/// Shared with the children between fork and exec, so that a group is known before its first
/// program runs.
struct Shared {
  std::atomic<int> signal{0};
  std::atomic<pid_t> group{0};
};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<pid_t>::is_always_lock_free);

Shared& shared() {
  static Shared* const memory = [] {
    void* page =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw_errno(errno, "map {} bytes of shared memory", sizeof(Shared));
    return new (page) Shared;
  }();
  return *memory;
}

void on_signal(int number) {
  const int saved = errno;
  int expected = 0;
  shared().signal.compare_exchange_strong(expected, number);
  const pid_t group = shared().group.load();
  if (group > 0) ::kill(-group, SIGKILL);
  errno = saved;
}

/// The guard's whole life: wait until the pipe's other end is closed, then end what still runs.
[[noreturn]] void guard_main(int pipe) {
  ::setsid();
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(number, SIG_IGN);
  ::dup2(pipe, 0);
  ::close_range(1, ~0U, 0);
  char byte;
  ssize_t count;
  do {
    count = ::read(0, &byte, 1);
  } while (count > 0 || (count < 0 && errno == EINTR));
  const pid_t group = shared().group.load();
  if (group > 0) ::kill(-group, SIGKILL);
  ::_exit(0);
}

}  // namespace

void install_interrupt_handlers() {
  shared();  // mapped here, since the handler must not
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (::sigaction(number, &action, nullptr) != 0)
      throw_errno(errno, "take {}", signal_name(number));
  }
}

int interrupted_by() noexcept { return shared().signal.load(); }

void throw_if_interrupted() {
  if (const int number = interrupted_by(); number != 0) {
    throw_error(Code::cancelled, "stopped by {}: nothing half-made was left behind",
                signal_name(number));
  }
}

void clear_interrupt() noexcept { shared().signal.store(0); }

InterruptibleRunner::InterruptibleRunner() { shared(); }

InterruptibleRunner::~InterruptibleRunner() {
  if (guard_ <= 0) return;
  guard_pipe_.reset();
  ignore_error([&] { sys::wait_for(guard_); }, "the guard may have been reaped elsewhere");
}

void InterruptibleRunner::start_guard() {
  Pipe pipe = make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno(errno, "fork a guard process");
  if (pid == 0) guard_main(pipe.read.get());
  guard_ = pid;
  guard_pipe_ = std::move(pipe.write);
}

CommandResult InterruptibleRunner::run(const Command& command) { return run_lines(command, {}); }

CommandResult InterruptibleRunner::run_lines(const Command& command,
                                             const std::function<void(std::string_view)>& on_line) {
  throw_if_interrupted();
  if (guard_ < 0) start_guard();
  Command prepared = command;
  prepared.new_session = true;
  prepared.before_exec = [inner = command.before_exec] {
    shared().group.store(::getpid());
    if (shared().signal.load() != 0)
      return ECANCELED;  // the signal came before there was a group to kill
    return inner ? inner() : 0;
  };
  CommandResult result;
  try {
    result = runner_.run_lines(prepared, on_line);
  } catch (...) {
    if (const pid_t group = shared().group.exchange(0); group > 0) ::kill(-group, SIGKILL);
    throw_if_interrupted();
    throw;
  }
  shared().group.store(0);
  throw_if_interrupted();
  return result;
}

}  // namespace kata::pipeline
