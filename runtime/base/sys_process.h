// SPDX-License-Identifier: Apache-2.0
//
// Process system calls: one thin function each, typed, throwing with the arguments in the message.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/fd.h"

namespace kata::sys {

/// pidfd_open(2). Throws Error (not_found when there is no such process).
[[nodiscard]] UniqueFd pidfd_open(pid_t pid);
/// pidfd_send_signal(2). Throws Error (not_found when it has been reaped).
void pidfd_send_signal(int pidfd, int signal);
/// kill(2). Throws Error.
void kill(pid_t pid, int signal);
/// Exit status as a shell tells it: 0-255, or 128 + signal.
[[nodiscard]] int shell_status(int wait_status) noexcept;
/// waitpid(2) until the child ends, EINTR retried; the wait status. Throws Error.
int wait_for(pid_t pid);
/// waitpid(2) with WNOHANG: nothing while the child runs. Throws Error.
[[nodiscard]] std::optional<int> try_wait_for(pid_t pid);
/// Marks every descriptor from `first` up close-on-exec: close_range(2), or one by one on kernels
/// before 5.11.
void close_on_exec_from(int first) noexcept;
/// setns(2). Throws Error.
void setns(int fd, int type);
/// unshare(2). Throws Error.
void unshare(int flags);

/// clone(2) with CLONE_PARENT: the new process is a sibling of the caller. 0 in the new process.
/// Throws Error.
[[nodiscard]] pid_t clone_sibling();
/// clone(2) as fork(2), into new namespaces: `flags` of CLONE_NEW*. 0 in the new process; -1 with
/// errno set when it fails.
[[nodiscard]] pid_t clone_into(int flags) noexcept;
/// setsid(2); being a leader already is fine. Throws Error.
void new_session();
/// prctl(2) with up to two arguments. Throws Error that names `what`.
void process_control(int option, unsigned long a, unsigned long b, const char* what);
/// As process_control, for what the kernel may lack: false with EINVAL.
bool process_control_if_known(int option, unsigned long a, unsigned long b, const char* what);
/// personality(2). Throws Error.
void set_personality(unsigned long personality);
/// setgroups(2). Throws Error.
void set_groups(std::span<const gid_t> groups);
/// setresgid(2), setresuid(2): real, effective and saved. Throws Error.
void set_gid(gid_t gid);
void set_uid(uid_t uid);
/// The three above for the calling thread alone; glibc's change every thread. Throws Error.
void set_thread_identity(uid_t uid, gid_t gid, std::span<const gid_t> groups);
/// capset(2) of the calling process: bit N is capability N. Throws Error.
void set_capabilities(std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable);
/// prlimit(2). Throws Error.
void set_limit(pid_t pid, int resource, std::uint64_t soft, std::uint64_t hard);
/// chdir(2), fchdir(2), chroot("."). Throws Error.
void change_directory(const std::string& path);
void change_directory(int fd);
void change_root_here();
/// The current folder; nothing when it is outside of the current root. See getcwd(3).
[[nodiscard]] std::optional<std::string> current_directory();
/// sethostname(2), setdomainname(2). Throws Error.
void set_hostname(const std::string& name);
void set_domainname(const std::string& name);
/// dup2(2) (not close-on-exec). Throws Error.
void duplicate_to(int fd, int number);
/// A session keyring of one's own, see keyctl(2); false when the kernel has no keyrings or refuses.
bool join_session_keyring(const std::string& name) noexcept;
/// All signals unblocked and back to their default action.
void reset_signals() noexcept;
/// execve(2); returns only when it failed, with errno's value.
[[nodiscard]] int execute(const std::string& path, const std::vector<std::string>& arguments,
                          const std::vector<std::string>& environment);
/// Whether the calling process may execute the regular file at `path`: 0, or errno's value.
[[nodiscard]] int may_execute(const std::string& path) noexcept;
/// Brings the loopback interface of the current network namespace up. Throws Error.
void bring_loopback_up();

}  // namespace kata::sys
