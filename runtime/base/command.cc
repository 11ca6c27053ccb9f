// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"
#include "runtime/base/sys_process.h"

namespace kata {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

/// Moves the wanted descriptors to their numbers; first out of the way of each other, then into
/// place.
int place_fds(const std::vector<std::pair<int, int>>& wanted) {
  int highest = 2;
  for (const auto& [number, fd] : wanted) highest = std::max({highest, number, fd});
  std::array<int, 64> parked{};
  if (wanted.size() > parked.size()) return E2BIG;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    parked[i] = ::fcntl(wanted[i].second, F_DUPFD_CLOEXEC, highest + 1);
    if (parked[i] < 0) return errno;
  }
  for (int number = 0; number <= 2; ++number) {
    const bool listed =
        std::any_of(wanted.begin(), wanted.end(), [&](const auto& w) { return w.first == number; });
    if (listed) continue;
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return errno;
    if (null == number) {
      ::fcntl(null, F_SETFD, 0);
    } else if (::dup2(null, number) < 0) {
      return errno;
    }
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (::dup2(parked[i], wanted[i].first) < 0) return errno;
  }
  return 0;
}

/// Descriptors that this program itself was started with, and does not know, are not close-on-exec.
/// `wanted` is sorted.
void close_unlisted(const std::vector<std::pair<int, int>>& wanted) {
  int number = 3;
  for (const auto& [kept, from] : wanted) {
    for (; number < kept; ++number) ::fcntl(number, F_SETFD, FD_CLOEXEC);
    number = std::max(number, kept + 1);
  }
  sys::close_on_exec_from(number);
}

[[noreturn]] void child_main(const Command& command, const std::string& program, char* const* argv,
                             char* const* env, int error_pipe, pid_t parent) {
  const auto fail = [&](int err) {
    [[maybe_unused]] const ssize_t n = ::write(error_pipe, &err, sizeof err);
    ::_exit(127);
  };
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGWINCH, SIGQUIT})
    ::signal(number, SIG_DFL);
  if (command.new_session && ::setsid() < 0) fail(errno);
  if (command.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent ended before the call took effect. 0: it is outside of this pid namespace, alive
    // or not.
    if (const pid_t now = ::getppid(); now != parent && now != 0) ::_exit(127);
  }
  if (!command.cwd.empty() && ::chdir(command.cwd.c_str()) != 0) fail(errno);
  if (const int err = place_fds(command.fds); err != 0) fail(err);
  if (command.before_exec) {
    if (const int err = command.before_exec(); err != 0) fail(err);
  }
  close_unlisted(command.fds);
  ::execve(program.c_str(), argv, env);
  fail(errno);
  ::_exit(127);
}

/// write(2) to a program that may have closed its input, or ended, without the SIGPIPE that would
/// end this one.
ssize_t write_quietly(int fd, std::string_view data) {
  sigset_t pipe_signal;
  sigset_t old;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
  const ssize_t count = ::write(fd, data.data(), data.size());
  const int err = errno;
  if (count < 0 && err == EPIPE && sigismember(&old, SIGPIPE) == 0) {
    const timespec now{};
    ::sigtimedwait(&pipe_signal, nullptr, &now);  // taken before it can be delivered
  }
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  errno = err;
  return count;
}

std::string last_lines(const std::string& text, int count) {
  std::size_t end = text.size();
  while (end > 0 && text[end - 1] == '\n') --end;
  std::size_t begin = end;
  while (begin > 0 && count > 0) {
    --begin;
    if (text[begin] == '\n' && --count == 0) {
      ++begin;
      break;
    }
  }
  return text.substr(begin, end - begin);
}

}  // namespace

std::string printable(const Command& command) {
  std::string line;
  for (const std::string& word : command.argv) {
    if (!line.empty()) line += ' ';
    const bool plain =
        !word.empty() &&
        word.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%") ==
            std::string::npos;
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

std::optional<std::string> find_program(const std::string& name) {
  const auto runnable = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) {
    return runnable(name) ? std::optional(name) : std::nullopt;
  }
  const char* variable = std::getenv("PATH");
  const std::string search = std::string(variable != nullptr ? variable : "") +
                             ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::size_t begin = 0;
  while (begin <= search.size()) {
    const std::size_t end = std::min(search.find(':', begin), search.size());
    if (end > begin) {
      std::string path = search.substr(begin, end - begin) + "/" + name;
      if (runnable(path)) return path;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

ChildProcess::ChildProcess(pid_t pid) : pid_(pid), pidfd_(sys::pidfd_open(pid)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    ChildProcess old(std::move(*this));
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ignore_error([&] { sys::wait_for(pid_); }, "the child may have been reaped elsewhere");
}

void ChildProcess::signal(int number) const { sys::pidfd_send_signal(pidfd_.get(), number); }

int ChildProcess::wait() {
  const int status = sys::shell_status(sys::wait_for(pid_));
  detach();
  return status;
}

std::optional<int> ChildProcess::try_wait() {
  const std::optional<int> status = sys::try_wait_for(pid_);
  if (!status) return std::nullopt;
  detach();
  return sys::shell_status(*status);
}

pid_t ChildProcess::detach() noexcept {
  pidfd_.reset();
  return std::exchange(pid_, -1);
}

ChildProcess spawn(const Command& command) {
  KATA_ASSERT(!command.argv.empty());
  const std::optional<std::string> program = find_program(command.argv.front());
  if (!program)
    throw_error(Code::not_found, "start {}: no such program in PATH", command.argv.front());
  const std::vector<char*> argv = c_strings(command.argv);
  std::vector<char*> env_strings;
  if (command.env) env_strings = c_strings(*command.env);
  char* const* env = command.env ? env_strings.data() : environ;
  Pipe errors = make_pipe();
  // The write end must survive the closing and placing of descriptors in the child, above all
  // wanted numbers.
  int highest = 2;
  for (const auto& [number, fd] : command.fds) highest = std::max({highest, number, fd});
  const UniqueFd error_pipe(::fcntl(errors.write.get(), F_DUPFD_CLOEXEC, highest + 1 + 64));
  errors.write.reset();
  Command sorted = command;
  std::sort(sorted.fds.begin(), sorted.fds.end());
  const pid_t parent = ::getpid();
  const pid_t pid = command.namespaces == 0 ? ::fork() : sys::clone_into(command.namespaces);
  if (pid < 0) throw_errno(errno, "start {}: fork", command.argv.front());
  if (pid == 0) child_main(sorted, *program, argv.data(), env, error_pipe.get(), parent);
  ChildProcess child(pid);
  const_cast<UniqueFd&>(error_pipe).reset();
  int err = 0;
  ssize_t count;
  do {
    count = ::read(errors.read.get(), &err, sizeof err);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof err) {  // end of file means that execve has closed the pipe
    child.wait();
    throw_errno(err, "start {}", printable(command));
  }
  return child;
}

CommandResult RealCommandRunner::run(const Command& command) { return run_lines(command, {}); }

CommandResult RealCommandRunner::run_lines(const Command& command,
                                           const std::function<void(std::string_view)>& on_line) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Command prepared = command;
  prepared.fds.insert(prepared.fds.end(),
                      {{0, in.read.get()}, {1, out.write.get()}, {2, err.write.get()}});
  ChildProcess child = spawn(prepared);
  in.read.reset();
  out.write.reset();
  err.write.reset();
  set_nonblocking(in.write.get(), true);

  CommandResult result;
  std::string_view to_send = command.input;
  std::size_t line_begin = 0;
  if (to_send.empty()) in.write.reset();
  const auto deadline =
      command.timeout.count() > 0 ? Clock::now() + command.timeout : Clock::time_point::max();
  const auto drain = [&](UniqueFd& fd, std::string& into) {
    char buffer[16384];
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count > 0) {
      into.append(buffer, static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      fd.reset();
    }
  };
  while (out.read || err.read) {
    pollfd polls[3] = {
        {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}};
    int wait_ms = -1;
    if (command.timeout.count() > 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) {
        throw_error(Code::deadline_exceeded, "{}: no end after {} ms, killed", printable(command),
                    command.timeout.count());
      }
      wait_ms = static_cast<int>(std::min<long long>(left + 1, 1 << 30));
    }
    if (::poll(polls, 3, wait_ms) < 0 && errno != EINTR)
      throw_errno(errno, "poll the outputs of {}", printable(command));
    if (polls[0].revents != 0) {
      drain(out.read, result.output);
      while (on_line) {
        const std::size_t end = result.output.find('\n', line_begin);
        if (end == std::string::npos) break;
        on_line(std::string_view(result.output).substr(line_begin, end - line_begin));
        line_begin = end + 1;
      }
    }
    if (polls[1].revents != 0) drain(err.read, result.error_output);
    if (polls[2].revents != 0 && in.write) {
      const ssize_t count = write_quietly(in.write.get(), to_send);
      if (count > 0) to_send.remove_prefix(static_cast<std::size_t>(count));
      if (to_send.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
  }
  result.status = child.wait();
  return result;
}

CommandResult run_checked(CommandRunner& runner, const Command& command) {
  CommandResult result = runner.run(command);
  if (result.status != 0) {
    const std::string detail =
        last_lines(result.error_output.empty() ? result.output : result.error_output, 10);
    throw_error(Code::internal, "{}: {}{}{}", printable(command),
                result.status > 128 ? "ended by " + signal_name(result.status - 128)
                                    : fmt::format("exit status {}", result.status),
                detail.empty() ? "" : ": ", detail);
  }
  return result;
}

}  // namespace kata
