// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <functional>
#include <sstream>
#include <string_view>

#include "runtime/agent/container/cgroup_limits.h"
#include "runtime/agent/container/cgroup_stats.h"
#include "runtime/agent/container/device_program.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_bpf.h"
#include "runtime/base/sys_process.h"
#include "runtime/base/text.h"

namespace kata::agent {
namespace {

namespace chrono = std::chrono;
constexpr chrono::seconds kPatience{10};

/// All at once, and when that is refused one by one: a controller that cannot be given (cpu, while
/// realtime processes run) must not keep the others away.
void enable_controllers(const std::string& folder) {
  const std::string control = join_path(folder, "cgroup.subtree_control");
  std::string offered = read_file_if_exists(join_path(folder, "cgroup.controllers")).value_or("");
  while (offered.ends_with('\n')) offered.pop_back();
  const std::vector<std::string> names = split_text(offered, ' ');
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "+" : " +") + name;
  if (all.empty()) return;
  bool done = false;
  ignore_error(
      [&] {
        write_kernel_file(control, all);
        done = true;
      },
      "one of them is refused");
  if (done) return;
  for (const std::string& name : names) {
    ignore_error([&] { write_kernel_file(control, "+" + name); },
                 "the container runs without that controller");
  }
}

/// Folders at and below `folder`, deepest first.
std::vector<std::string> tree_of(const std::string& folder) {
  std::vector<std::string> result;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_directory(error)) continue;
    for (std::string& below : tree_of(entry.path().string())) result.push_back(std::move(below));
  }
  result.push_back(folder);
  return result;
}

/// Waits for a line of cgroup.events, which wakes poll(2) with POLLPRI when it changes.
bool wait_for_event(const std::string& folder, const std::string& line,
                    chrono::milliseconds patience) {
  const auto deadline = chrono::steady_clock::now() + patience;
  const UniqueFd events = open_file(join_path(folder, "cgroup.events"), O_RDONLY);
  for (;;) {
    if (::lseek(events.get(), 0, SEEK_SET) != 0) throw_errno(errno, "rewind cgroup.events");
    if (("\n" + read_all(events.get())).find("\n" + line + "\n") != std::string::npos) return true;
    const auto left =
        chrono::duration_cast<chrono::milliseconds>(deadline - chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd poll_fd{events.get(), POLLPRI, 0};
    ::poll(&poll_fd, 1, static_cast<int>(left.count()));
  }
}

void remove_folder(const std::string& folder) {
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return;
  throw_errno(errno, "remove cgroup {}", folder);
}

}  // namespace

std::string cgroup_location(const std::string& cgroups_path, const std::string& parent,
                            const std::string& id) {
  const std::size_t first = cgroups_path.find(':');
  const std::size_t second = first == std::string::npos ? first : cgroups_path.find(':', first + 1);
  if (second != std::string::npos) {
    const std::string_view text = cgroups_path;
    const std::string slice(text.substr(0, first));
    const std::string scope = fmt::format("{}-{}.scope", text.substr(first + 1, second - first - 1),
                                          text.substr(second + 1));
    return clean_path(fmt::format("/{}/{}", slice.empty() ? "system.slice" : slice, scope));
  }
  if (cgroups_path.starts_with('/') && clean_path(cgroups_path) != "/")
    return clean_path(cgroups_path);
  return clean_path(fmt::format("/{}/{}", parent, id));
}

std::unique_ptr<ContainerCgroup> ContainerCgroup::create(const std::string& root,
                                                         const std::string& relative) {
  const std::string path = join_path(root, clean_path("/" + relative));
  std::string folder = root;
  std::string_view rest = std::string_view(path).substr(root.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t slash = rest.find('/');
    enable_controllers(folder);
    folder = join_path(folder, rest.substr(0, slash));
    make_directories(folder);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash);
  }
  std::unique_ptr<ContainerCgroup> cgroup(new ContainerCgroup(root, path));
  if (!wait_for_event(path, "populated 0", chrono::milliseconds(0))) {
    cgroup->removed_ = true;  // somebody else's: neither kill nor remove it
    throw_error(Code::already_exists, "cgroup {} is in use", path);
  }
  return cgroup;
}

ContainerCgroup::~ContainerCgroup() {
  ignore_error([&] { remove(); }, "the cgroup goes with the guest at the latest");
}

void ContainerCgroup::add_process(pid_t pid, pid_t init) const {
  try {
    write_kernel_file(join_path(path_, "cgroup.procs"), std::to_string(pid));
  } catch (const Error& error) {
    // "No internal processes": the container has handed controllers on to cgroups of its own.
    if (error.err() != EBUSY || init < 0) throw;
    const std::string where = read_line_of(fmt::format("/proc/{}/cgroup", init));
    const std::size_t unified = where.rfind("0::/");
    if (unified == std::string::npos) throw;
    const std::string relative = where.substr(unified + 3, where.find('\n', unified) - unified - 3);
    write_kernel_file(join_path(join_path(root_, relative), "cgroup.procs"), std::to_string(pid));
  }
}

std::vector<pid_t> ContainerCgroup::pids() const {
  std::vector<pid_t> result;
  for (const std::string& folder : tree_of(path_)) {
    std::istringstream text(read_file_if_exists(join_path(folder, "cgroup.procs")).value_or(""));
    for (pid_t pid = 0; text >> pid;) result.push_back(pid);
  }
  return result;
}

void ContainerCgroup::apply(const grpc::LinuxResources& resources, bool first) {
  write_limits(path_, resources);
  if (!first && !has_device_rules(resources)) return;
  const std::vector<sys::BpfInstruction> program = make_device_program(device_rules(resources));
  try {
    UniqueFd loaded = sys::load_device_program(program);
    const UniqueFd folder = open_file(path_, O_RDONLY | O_DIRECTORY);
    sys::attach_device_program(loaded.get(), folder.get());
    // The new one first: at no time is everything allowed.
    if (device_program_) sys::detach_device_program(device_program_.get(), folder.get());
    device_program_ = std::move(loaded);
  } catch (const Error& error) {
    // A guest kernel without CONFIG_CGROUP_BPF: what is left to guard is the guest itself.
    if (error.err() != ENOSYS && error.err() != EINVAL && error.err() != EPERM) throw;
    log::warn("device rules are not enforced reason=\"{}\"", error.what());
  }
}

void ContainerCgroup::set_frozen(bool frozen) const {
  write_kernel_file(join_path(path_, "cgroup.freeze"), frozen ? "1" : "0");
  if (!wait_for_event(path_, frozen ? "frozen 1" : "frozen 0", kPatience)) {
    throw_error(Code::deadline_exceeded, "{} cgroup {}", frozen ? "freeze" : "thaw", path_);
  }
}

bool ContainerCgroup::is_frozen() const {
  return read_file_if_exists(join_path(path_, "cgroup.freeze")).value_or("").starts_with('1');
}

void ContainerCgroup::signal_all(int signal) const {
  if (signal == SIGKILL) {
    try {
      return write_kernel_file(join_path(path_, "cgroup.kill"), "1");
    } catch (const Error& error) {
      if (error.err() == ENOENT && !path_exists(path_)) return;
      if (error.err() != ENOENT) throw;  // no such file: Linux before 5.14
    }
  }
  for (const pid_t pid : pids()) {
    ignore_error([&] { sys::kill(pid, signal); }, "the process may have ended");
  }
}

void ContainerCgroup::remove() {
  if (removed_ || !path_exists(path_)) return;
  const auto deadline = chrono::steady_clock::now() + kPatience;
  while (!wait_for_event(path_, "populated 0", chrono::milliseconds(0))) {
    signal_all(SIGKILL);  // again and again: without cgroup.kill a fork may have slipped through
    if (wait_for_event(path_, "populated 0", chrono::milliseconds(500))) break;
    if (chrono::steady_clock::now() > deadline) {
      throw_error(Code::deadline_exceeded, "processes in cgroup {} do not end", path_);
    }
  }
  for (const std::string& folder : tree_of(path_)) remove_folder(folder);
  removed_ = true;
}

std::uint64_t ContainerCgroup::oom_kill_count() const {
  return flat_keyed_value(read_file_if_exists(join_path(path_, "memory.events")).value_or(""),
                          "oom_kill");
}

}  // namespace kata::agent
