// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sys_process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#define SYS_pidfd_send_signal 424
#endif

namespace kata::sys {

UniqueFd pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) throw_errno(errno, "open a pidfd of process {}", pid);
  return UniqueFd(static_cast<int>(fd));
}

void pidfd_send_signal(int pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) != 0) {
    throw_errno(errno, "send {} through pidfd {}", signal_name(signal), pidfd);
  }
}

void kill(pid_t pid, int signal) {
  if (::kill(pid, signal) != 0)
    throw_errno(errno, "send {} to process {}", signal_name(signal), pid);
}

int shell_status(int wait_status) noexcept {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw_errno(errno, "wait for process {}", pid);
  }
  return status;
}

std::optional<int> try_wait_for(pid_t pid) {
  int status = 0;
  const pid_t reaped = ::waitpid(pid, &status, WNOHANG);
  if (reaped < 0) throw_errno(errno, "wait for process {}", pid);
  if (reaped == 0) return std::nullopt;
  return status;
}

void close_on_exec_from(int first) noexcept {
  constexpr unsigned kCloseRangeCloexec = 4;  // CLOSE_RANGE_CLOEXEC, linux/close_range.h
  if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, kCloseRangeCloexec) == 0)
    return;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int end = limit.rlim_cur > 65536 ? 65536 : static_cast<int>(limit.rlim_cur);
  for (int fd = first; fd < end; ++fd) {
    if (const int flags = ::fcntl(fd, F_GETFD); flags >= 0)
      ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}

void setns(int fd, int type) {
  if (::setns(fd, type) != 0) throw_errno(errno, "enter the namespace of descriptor {}", fd);
}

void unshare(int flags) {
  if (::unshare(flags) != 0) throw_errno(errno, "unshare namespaces (flags {:#x})", flags);
}

pid_t clone_into(int flags) noexcept {
  // Without a stack of its own it goes on with a copy of this one, as after fork(2).
  return static_cast<pid_t>(
      ::syscall(SYS_clone, static_cast<unsigned long>(flags | SIGCHLD), 0UL, 0UL, 0UL, 0UL));
}

pid_t clone_sibling() {
  const long pid = ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) throw_errno(errno, "clone a process");
  return static_cast<pid_t>(pid);
}

void new_session() {
  if (::setsid() < 0 && errno != EPERM) throw_errno(errno, "start a session");
}

void set_personality(unsigned long personality) {
  if (::personality(personality) < 0) throw_errno(errno, "set personality {:#x}", personality);
}

void process_control(int option, unsigned long a, unsigned long b, const char* what) {
  if (::prctl(option, a, b, 0UL, 0UL) != 0) throw_errno(errno, "{}", what);
}

bool process_control_if_known(int option, unsigned long a, unsigned long b, const char* what) {
  if (::prctl(option, a, b, 0UL, 0UL) == 0) return true;
  if (errno == EINVAL) return false;
  throw_errno(errno, "{}", what);
}

void set_groups(std::span<const gid_t> groups) {
  if (::setgroups(groups.size(), groups.data()) != 0)
    throw_errno(errno, "set {} groups", groups.size());
}

void set_gid(gid_t gid) {
  if (::setresgid(gid, gid, gid) != 0) throw_errno(errno, "set the group id to {}", gid);
}

void set_uid(uid_t uid) {
  if (::setresuid(uid, uid, uid) != 0) throw_errno(errno, "set the user id to {}", uid);
}

void set_thread_identity(uid_t uid, gid_t gid, std::span<const gid_t> groups) {
  if (::syscall(SYS_setgroups, groups.size(), groups.data()) != 0)
    throw_errno(errno, "set {} groups", groups.size());
  if (::syscall(SYS_setresgid, gid, gid, gid) != 0) throw_errno(errno, "become group {}", gid);
  if (::syscall(SYS_setresuid, uid, uid, uid) != 0) throw_errno(errno, "become user {}", uid);
}

void set_capabilities(std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (unsigned word = 0; word < 2; ++word) {
    data[word].effective = static_cast<std::uint32_t>(effective >> (32U * word));
    data[word].permitted = static_cast<std::uint32_t>(permitted >> (32U * word));
    data[word].inheritable = static_cast<std::uint32_t>(inheritable >> (32U * word));
  }
  if (::syscall(SYS_capset, &header, data) != 0) {
    throw_errno(errno, "set capabilities (permitted {:#x})", permitted);
  }
}

void set_limit(pid_t pid, int resource, std::uint64_t soft, std::uint64_t hard) {
  const rlimit limit{soft, hard};
  if (::prlimit(pid, static_cast<__rlimit_resource>(resource), &limit, nullptr) != 0) {
    throw_errno(errno, "set resource limit {} to {}:{}", resource, soft, hard);
  }
}

void change_directory(const std::string& path) {
  if (::chdir(path.c_str()) != 0) throw_errno(errno, "change folder to {}", path);
}

void change_directory(int fd) {
  if (::fchdir(fd) != 0) throw_errno(errno, "change folder to descriptor {}", fd);
}

void change_root_here() {
  if (::chroot(".") != 0) throw_errno(errno, "change the root to the current folder");
}

std::optional<std::string> current_directory() {
  char path[4096];
  const long size = ::syscall(SYS_getcwd, path, sizeof path);  // glibc's own would search for it
  if (size <= 0 || path[0] != '/') return std::nullopt;
  return std::string(path);
}

void set_hostname(const std::string& name) {
  if (::sethostname(name.c_str(), name.size()) != 0)
    throw_errno(errno, "set the host name to {}", name);
}

void set_domainname(const std::string& name) {
  if (::setdomainname(name.c_str(), name.size()) != 0)
    throw_errno(errno, "set the domain name to {}", name);
}

void duplicate_to(int fd, int number) {
  if (::dup2(fd, number) < 0) throw_errno(errno, "duplicate descriptor {} to {}", fd, number);
}

bool join_session_keyring(const std::string& name) noexcept {
  constexpr int kJoinSessionKeyring = 1;  // KEYCTL_JOIN_SESSION_KEYRING, linux/keyctl.h
  return ::syscall(SYS_keyctl, kJoinSessionKeyring, name.c_str()) >= 0;
}

void reset_signals() noexcept {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int execute(const std::string& path, const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment) {
  const auto pointers = [](const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
  };
  ::execve(path.c_str(), pointers(arguments).data(), pointers(environment).data());
  return errno;
}

int may_execute(const std::string& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  // By the effective ids, and by the kernel itself: ACLs, noexec mounts and capabilities count too.
  // See access(2).
  if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) return errno;
  return 0;
}

void bring_loopback_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno(errno, "open a socket");
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    throw_errno(errno, "bring interface lo up");
}

}  // namespace kata::sys
