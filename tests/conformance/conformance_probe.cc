// SPDX-License-Identifier: Apache-2.0
//
// Runs inside a container and prints, as one JSON object, everything of it that the runtime
// specification speaks of; the cases judge a container by that and never by our own logs.
//   conformance-probe [QUERY...]        facts, and an answer for each query:
//     stat:PATH  read:PATH  write:PATH  open:PATH  create:PATH  list:PATH
//     mknod:PATH:MAJOR:MINOR (a character device)  call:NUMBER[:ARGUMENT...] (a system call)
//   conformance-probe hook FILE NAME    a hook: appends what it was given to FILE, a line of JSON
#include <fcntl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Json = nlohmann::json;

/// The runtime's arguments are JSON strings, the kernel's answers bytes: what is not UTF-8 must not
/// end the probe.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json failure() { return {{"ok", false}, {"errno", errno}, {"error", std::strerror(errno)}}; }

std::string link_target(const std::string& path) {
  char target[4096] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

std::string whole_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Json status_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return failure();
  const char* type = S_ISCHR(status.st_mode)    ? "c"
                     : S_ISBLK(status.st_mode)  ? "b"
                     : S_ISFIFO(status.st_mode) ? "p"
                     : S_ISDIR(status.st_mode)  ? "d"
                     : S_ISLNK(status.st_mode)  ? "l"
                                                : "f";
  return {{"ok", true},
          {"type", type},
          {"mode", status.st_mode & 07777},
          {"uid", status.st_uid},
          {"gid", status.st_gid},
          {"major", major(status.st_rdev)},
          {"minor", minor(status.st_rdev)},
          {"target", S_ISLNK(status.st_mode) ? link_target(path) : ""}};
}

/// Opens `path` and closes it again; with O_RDONLY also reads.
Json opened(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
  if (fd < 0) return failure();
  Json answer = {{"ok", true}};
  if ((flags & O_ACCMODE) == O_RDONLY) {
    char data[4096];
    const ssize_t size = ::read(fd, data, sizeof data);
    answer = size < 0 ? failure() : Json{{"ok", true}, {"data", std::string(data, data + size)}};
  }
  ::close(fd);
  return answer;
}

Json entries_of(const std::string& path) {
  Json names = Json::array();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error) return {{"ok", false}, {"errno", error.value()}};
  return {{"ok", true}, {"names", names}};
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

Json make_node(const std::string& argument) {
  const std::vector<std::string> parts = split(argument, ':');
  if (parts.size() != 3) return {{"ok", false}, {"error", "PATH:MAJOR:MINOR"}};
  const dev_t device = makedev(static_cast<unsigned>(std::stoul(parts[1])),
                               static_cast<unsigned>(std::stoul(parts[2])));
  if (::mknod(parts[0].c_str(), S_IFCHR | 0600, device) != 0) return failure();
  ::unlink(parts[0].c_str());
  return {{"ok", true}};
}

Json called(const std::string& argument) {
  long words[6] = {};
  std::size_t count = 0;
  for (const std::string& part : split(argument, ':')) {
    if (count < std::size(words)) words[count++] = std::stol(part);
  }
  const long result = ::syscall(words[0], words[1], words[2], words[3], words[4], words[5]);
  return result < 0 ? failure() : Json{{"ok", true}, {"result", result}};
}

Json answer_to(const std::string& query) {
  const std::size_t colon = query.find(':');
  const std::string verb = query.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : query.substr(colon + 1);
  if (verb == "stat") return status_of(rest);
  if (verb == "read") return opened(rest, O_RDONLY);
  if (verb == "write") return opened(rest, O_WRONLY);
  if (verb == "open") return opened(rest, O_RDWR);
  if (verb == "create") return opened(rest, O_WRONLY | O_CREAT);
  if (verb == "list") return entries_of(rest);
  if (verb == "mknod") return make_node(rest);
  if (verb == "call") return called(rest);
  std::cerr << "conformance-probe: unknown query '" << query << "'\n";
  std::exit(2);
}

Json limits() {
  const struct {
    const char* name;
    int resource;
  } known[] = {
      {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},
      {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_DATA", RLIMIT_DATA},
      {"RLIMIT_FSIZE", RLIMIT_FSIZE},     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
      {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
      {"RLIMIT_NICE", RLIMIT_NICE},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
      {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_RSS", RLIMIT_RSS},
      {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
      {"RLIMIT_STACK", RLIMIT_STACK},
  };
  Json result;
  for (const auto& limit : known) {
    rlimit value{};
    ::getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value);
    result[limit.name] = {value.rlim_cur, value.rlim_max};
  }
  return result;
}

/// "Name:\tvalue" lines of /proc/self/status.
Json status_fields() {
  Json fields;
  for (const std::string& line : split(whole_file("/proc/self/status"), '\n')) {
    const std::size_t colon = line.find(':');
    const std::size_t value =
        colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
    if (value != std::string::npos) fields[line.substr(0, colon)] = line.substr(value);
  }
  return fields;
}

Json mounts() {
  Json result = Json::array();
  for (const std::string& line : split(whole_file("/proc/self/mountinfo"), '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    std::size_t dash = 6;
    std::string optional;
    for (; dash < words.size() && words[dash] != "-"; ++dash) optional += words[dash] + " ";
    if (dash + 2 >= words.size()) continue;
    result.push_back({{"point", words[4]},
                      {"root", words[3]},
                      {"options", "," + words[5] + ","},
                      {"propagation", optional},
                      {"type", words[dash + 1]},
                      {"source", words[dash + 2]},
                      {"super", "," + words.back() + ","}});
  }
  return result;
}

Json descriptors() {
  Json numbers = Json::array();
  for (int fd = 0; fd < 64; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) numbers.push_back(fd);
  }
  return numbers;
}

Json facts(int argc, char** argv) {
  Json result;
  result["fds"] = descriptors();  // first, before anything of ours is open
  result["args"] = std::vector<std::string>(argv, argv + argc);
  for (char** entry = ::environ; *entry != nullptr; ++entry) result["env"].push_back(*entry);
  char cwd[4096] = {};
  result["cwd"] = ::getcwd(cwd, sizeof cwd) == nullptr ? "" : cwd;
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  const int group_count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(group_count < 0 ? 0 : static_cast<std::size_t>(group_count));
  result["uid"] = ::getuid();
  result["gid"] = ::getgid();
  result["groups"] = groups;
  const mode_t mask = ::umask(0);
  ::umask(mask);
  result["umask"] = mask;
  result["limits"] = limits();
  result["status"] = status_fields();
  result["oomScoreAdj"] = whole_file("/proc/self/oom_score_adj");
  utsname name{};
  ::uname(&name);
  result["hostname"] = name.nodename;
  result["domainname"] = name.domainname;
  result["machine"] = name.machine;
  result["pid"] = ::getpid();
  result["sid"] = ::getsid(0);
  for (int fd = 0; fd < 3; ++fd) result["ttys"].push_back(::isatty(fd) == 1);
  result["mounts"] = mounts();
  result["cgroup"] = whole_file("/proc/self/cgroup");
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    result["namespaces"][kind] = link_target(std::string("/proc/self/ns/") + kind);
  }
  return result;
}

int run_as_hook(int argc, char** argv) {
  Json line = {{"name", argv[3]},
               {"args", std::vector<std::string>(argv, argv + argc)},
               {"state", std::string(std::istreambuf_iterator<char>(std::cin), {})},
               {"mnt", link_target("/proc/self/ns/mnt")},
               {"hostname", [] {
                  utsname name{};
                  ::uname(&name);
                  return std::string(name.nodename);
                }()}};
  for (char** entry = ::environ; *entry != nullptr; ++entry) line["env"].push_back(*entry);
  std::ofstream(argv[2], std::ios::app) << text_of(line) + "\n" << std::flush;
  return argc > 4 ? std::atoi(argv[4]) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 4 && std::string_view(argv[1]) == "hook") return run_as_hook(argc, argv);
  Json result = facts(argc, argv);
  for (int i = 1; i < argc; ++i) result["answers"][argv[i]] = answer_to(argv[i]);
  std::cout << text_of(result) << '\n';
  return 0;
}
