// SPDX-License-Identifier: Apache-2.0
//
// Runs inside a container and prints facts about it, one `name=value` per line, so that a container
// is judged from inside and never by our own logs. `probe` alone prints all; `probe caps limits`
// only those groups; `probe exit 42`, `probe kill 9` end as told; `probe watch PATH...` prints what
// inotify(7) says of the paths until it is killed; `probe connect PATH` sends its input to a unix
// socket and prints the answer, `probe send PATH` sends it as a datagram; `probe attribute PATH
// NAME VALUE` sets an extended attribute.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

void print_file(const std::string& prefix, const char* path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) std::cout << prefix << '=' << line << '\n';
}

void print_status_fields(const std::vector<std::string_view>& names) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    for (const std::string_view name : names) {
      if (std::string_view(line).substr(0, colon) != name) continue;
      const std::size_t value = line.find_first_not_of(" \t", colon + 1);
      std::cout << name << '=' << (value == std::string::npos ? "" : line.substr(value)) << '\n';
    }
  }
}

void print_ids() {
  std::cout << "uid=" << ::getuid() << "\ngid=" << ::getgid() << "\ngroups=";
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  for (int i = 0; i < count; ++i)
    std::cout << (i == 0 ? "" : ",") << groups[static_cast<std::size_t>(i)];
  std::cout << '\n';
}

void print_limits() {
  const struct {
    const char* name;
    int resource;
  } limits[] = {{"nofile", RLIMIT_NOFILE},
                {"nproc", RLIMIT_NPROC},
                {"core", RLIMIT_CORE},
                {"stack", RLIMIT_STACK}};
  for (const auto& limit : limits) {
    rlimit value{};
    ::getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value);
    std::cout << "limit." << limit.name << '=' << value.rlim_cur << ':' << value.rlim_max << '\n';
  }
}

void print_namespaces() {
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
    char target[64] = {};
    const std::string path = std::string("/proc/self/ns/") + name;
    if (::readlink(path.c_str(), target, sizeof target - 1) > 0)
      std::cout << "namespace." << name << '=' << target << '\n';
  }
}

void print_host() {
  utsname name{};
  ::uname(&name);
  std::cout << "release=" << name.release << "\nhostname=" << name.nodename << '\n';
}

void print_devices() {
  for (const char* path :
       {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
        "/dev/ptmx", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/kmsg", "/dev/mem"}) {
    std::cout << "device." << path << '=' << (::access(path, F_OK) == 0 ? "present" : "absent")
              << '\n';
  }
}

void print_writable() {
  for (const char* path :
       {"/", "/proc/sys/kernel/hostname", "/sys/kernel", "/proc/sysrq-trigger"}) {
    std::cout << "writable." << path << '=' << (::access(path, W_OK) == 0 ? "yes" : "no") << '\n';
  }
}

void print_environment() {
  for (char** entry = ::environ; *entry != nullptr; ++entry) std::cout << "env." << *entry << '\n';
  char cwd[4096] = {};
  std::cout << "cwd=" << (::getcwd(cwd, sizeof cwd) == nullptr ? std::strerror(errno) : cwd)
            << '\n';
}

const struct {
  const char* name;
  void (*print)();
} kGroups[] = {
    {"ids", print_ids},
    {"host", print_host},
    {"limits", print_limits},
    {"namespaces", print_namespaces},
    {"devices", print_devices},
    {"writable", print_writable},
    {"environment", print_environment},
    {"mounts", [] { print_file("mount", "/proc/self/mountinfo"); }},
    {"cgroup", [] { print_file("cgroup", "/proc/self/cgroup"); }},
    {"caps",
     [] {
       print_status_fields({"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"});
     }},
    {"security",
     [] {
       print_status_fields({"NoNewPrivs", "Seccomp", "Umask"});
     }},
};

bool print_group(std::string_view name) {
  for (const auto& group : kGroups) {
    if (name != group.name) continue;
    group.print();
    return true;
  }
  return false;
}

int run_and_measure(char** command) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execvp(command[0], command);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (pid < 0 || ::wait4(pid, &status, 0, &usage) < 0) return 1;
  std::cerr << "peak_rss_kb=" << usage.ru_maxrss << '\n';
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// One line for each event: the watched path, the event, and the entry's name.
int watch(char** paths) {
  struct Name {
    unsigned mask;
    const char* name;
  };
  constexpr std::array kNames = {
      Name{IN_MODIFY, "modify"},           Name{IN_ATTRIB, "attrib"},
      Name{IN_CLOSE_WRITE, "close-write"}, Name{IN_MOVED_FROM, "moved-from"},
      Name{IN_MOVED_TO, "moved-to"},       Name{IN_CREATE, "create"},
      Name{IN_DELETE, "delete"},           Name{IN_DELETE_SELF, "delete-self"},
      Name{IN_IGNORED, "ignored"}};
  const int fd = ::inotify_init1(IN_CLOEXEC);
  std::map<int, std::string> watched;
  for (char** path = paths; *path != nullptr; ++path)
    watched[::inotify_add_watch(fd, *path, IN_ALL_EVENTS)] = *path;
  if (fd < 0 || watched.contains(-1)) return 1;
  std::cout << "watching" << std::endl;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) return 1;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      for (const Name& one : kNames) {
        if ((event->mask & one.mask) == 0) continue;
        std::cout << watched[event->wd] << ": " << one.name;
        if (event->len > 0) std::cout << ' ' << event->name;
        std::cout << std::endl;
      }
      at += sizeof *event + event->len;
    }
  }
}

int copy_all(int from, int to) {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count <= 0) return count == 0 ? 0 : 1;
    for (ssize_t at = 0; at < count;) {
      const ssize_t written = ::write(to, buffer.data() + at, static_cast<std::size_t>(count - at));
      if (written < 0) return 1;
      at += written;
    }
  }
}

int talk_to(const char* path, int type) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::cerr << "connect: " << std::strerror(errno) << '\n';
    return 1;
  }
  if (type == SOCK_DGRAM) return copy_all(0, fd);
  // a server that answers while it reads must not wait for us
  const pid_t sender = ::fork();
  if (sender == 0) {
    const int status = copy_all(0, fd);
    ::shutdown(fd, SHUT_WR);
    ::_exit(status);
  }
  const int status = copy_all(fd, 1);
  int sent = 1;
  ::waitpid(sender, &sent, 0);
  return status != 0 || sent != 0 ? 1 : 0;
}

int set_attribute(const char* path, const char* name, const char* value) {
  if (::setxattr(path, name, value, std::strlen(value), 0) != 0) {
    std::cerr << path << ": " << name << ": " << std::strerror(errno) << '\n';
    return 1;
  }
  std::cout << "set\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[0] == "exit") return std::atoi(argv[2]);
  if (arguments.size() == 2 && arguments[0] == "kill")
    return ::kill(::getpid(), std::atoi(argv[2]));
  if (arguments.size() >= 2 && arguments[0] == "peak") return run_and_measure(argv + 2);
  if (arguments.size() >= 2 && arguments[0] == "watch") return watch(argv + 2);
  if (arguments.size() == 2 && arguments[0] == "connect") return talk_to(argv[2], SOCK_STREAM);
  if (arguments.size() == 2 && arguments[0] == "send") return talk_to(argv[2], SOCK_DGRAM);
  if (arguments.size() == 4 && arguments[0] == "attribute")
    return set_attribute(argv[2], argv[3], argv[4]);
  if (arguments.empty()) {
    for (const auto& group : kGroups) group.print();
    return 0;
  }
  for (const std::string_view name : arguments) {
    if (print_group(name)) continue;
    std::cerr << "probe: unknown group '" << name << "'\n";
    return 2;
  }
  return 0;
}
