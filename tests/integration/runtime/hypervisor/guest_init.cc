// SPDX-License-Identifier: Apache-2.0
//
// PID 1 of a guest under test. It answers one-line commands that come by the agent's virtio-serial
// port: "mount 9p|virtiofs", "read PATH", "write PATH TEXT", "nets", "cpus", "memory", "disks",
// "panic", "off".
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return "error " + std::string(std::strerror(errno));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  return file ? "ok" : "error " + std::string(std::strerror(errno));
}

std::string mount_shared(const std::string& kind) {
  ::mkdir("/shared", 0755);
  const char* options = kind == "9p" ? "trans=virtio,version=9p2000.L,msize=262144" : "";
  return ::mount("kataShared", "/shared", kind.c_str(), 0, options) == 0
             ? "ok"
             : "error " + std::string(std::strerror(errno));
}

std::string list(const std::string& path, const std::string& file) {
  std::string text;
  if (DIR* dir = ::opendir(path.c_str())) {
    while (const dirent* entry = ::readdir(dir)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      text += name + (file.empty() ? "" : "=" + read_text(path + "/" + name + "/" + file)) + " ";
    }
    ::closedir(dir);
  }
  return text;
}

/// Brings what was plugged online, as the agent does.
std::string online(const std::string& path, const std::string& prefix) {
  std::istringstream names(list(path, ""));
  for (std::string name; names >> name;) {
    if (name.starts_with(prefix)) write_text(path + "/" + name + "/online", "1");
  }
  return {};
}

std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  std::string first;
  words >> verb >> first;
  if (verb == "mount") return mount_shared(first);
  if (verb == "read") return read_text(first);
  if (verb == "write") {
    std::string text;
    words >> text;
    return write_text(first, text);
  }
  if (verb == "nets") return list("/sys/class/net", "address");
  if (verb == "disks") return list("/sys/block", "serial");
  if (verb == "cpus") {
    online("/sys/devices/system/cpu", "cpu");
    return read_text("/sys/devices/system/cpu/online");
  }
  if (verb == "memory") {
    online("/sys/devices/system/memory", "memory");
    const std::string info = read_text("/proc/meminfo");
    return info.substr(0, info.find('\n'));
  }
  if (verb == "panic") ::_exit(1);  // the kernel cannot do without PID 1
  if (verb == "off") ::reboot(RB_AUTOBOOT);
  return "unknown " + verb;
}

std::string find_port() {
  std::istringstream names(list("/sys/class/virtio-ports", "name"));
  for (std::string entry; names >> entry;) {
    const std::size_t equals = entry.find('=');
    if (entry.substr(equals + 1) == "agent.channel.0") return "/dev/" + entry.substr(0, equals);
  }
  return {};
}

}  // namespace

int main() {
  for (const char* dir : {"/proc", "/sys", "/dev"}) ::mkdir(dir, 0755);
  ::mount("proc", "/proc", "proc", 0, nullptr);
  ::mount("sysfs", "/sys", "sysfs", 0, nullptr);
  ::mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
  const char greeting[] = "GUEST-INIT-RUNS\n";
  [[maybe_unused]] ssize_t ignored = ::write(1, greeting, sizeof greeting - 1);
  std::string port;
  while (port.empty()) {
    port = find_port();
    if (port.empty()) ::usleep(10000);
  }
  const int fd = ::open(port.c_str(), O_RDWR | O_CLOEXEC);
  std::string line;
  for (char c = 0;;) {
    const ssize_t size = ::read(fd, &c, 1);
    if (size <= 0) {
      ::usleep(10000);  // nobody is connected
      continue;
    }
    if (c != '\n') {
      line += c;
      continue;
    }
    const std::string text = answer(line) + "\n";
    line.clear();
    ignored = ::write(fd, text.data(), text.size());
  }
}
