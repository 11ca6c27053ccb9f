// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <new>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"
#include "runtime/base/sys_process.h"

namespace kata::pipeline {
namespace {

// As many commands as may run at once; a build has two stages at work, each with a few jobs.
constexpr std::size_t kSlots = 64;
constexpr pid_t kTaken = -1;  ///< a slot whose command has not been started yet

/// Shared with the children between fork and exec, so that a group is known before its first
/// program runs.
struct Shared {
  std::atomic<int> signal{0};
  std::array<std::atomic<pid_t>, kSlots> groups{};
};
static_assert(std::atomic<int>::is_always_lock_free);
static_assert(std::atomic<pid_t>::is_always_lock_free);

Shared& shared() {
  static Shared* const memory = [] {
    void* page =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) throw_errno(errno, "map {} bytes of shared memory", sizeof(Shared));
    return new (page) Shared;
  }();
  return *memory;
}

void kill_groups() {
  for (const std::atomic<pid_t>& slot : shared().groups) {
    if (const pid_t group = slot.load(); group > 0) ::kill(-group, SIGKILL);
  }
}

/// A place for one running command's group.
class Slot {
 public:
  Slot() {
    for (std::atomic<pid_t>& slot : shared().groups) {
      pid_t free = 0;
      if (slot.compare_exchange_strong(free, kTaken)) {
        slot_ = &slot;
        return;
      }
    }
    throw_error(Code::resource_exhausted, "run more than {} commands at once", kSlots);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { slot_->store(0); }
  [[nodiscard]] std::atomic<pid_t>& group() const noexcept { return *slot_; }

 private:
  std::atomic<pid_t>* slot_ = nullptr;
};

void on_signal(int number) {
  const int saved = errno;
  int expected = 0;
  shared().signal.compare_exchange_strong(expected, number);
  kill_groups();
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
  kill_groups();
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
  std::call_once(guard_started_, [&] { start_guard(); });
  const Slot slot;
  Command prepared = command;
  prepared.new_session = true;
  prepared.before_exec = [inner = command.before_exec, group = &slot.group()] {
    group->store(::getpid());
    if (shared().signal.load() != 0)
      return ECANCELED;  // the signal came before there was a group to kill
    return inner ? inner() : 0;
  };
  CommandResult result;
  try {
    result = runner_.run_lines(prepared, on_line);
  } catch (...) {
    if (const pid_t group = slot.group().exchange(kTaken); group > 0) ::kill(-group, SIGKILL);
    throw_if_interrupted();
    throw;
  }
  slot.group().store(kTaken);
  throw_if_interrupted();
  return result;
}

}  // namespace kata::pipeline
