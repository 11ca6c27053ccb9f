// SPDX-License-Identifier: Apache-2.0
#include "tests/support/host_state.h"

#include <filesystem>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/support/eventually.h"

namespace kata::test {

namespace {

namespace fs = std::filesystem;

struct Process {
  pid_t pid = 0;
  std::string name;
};

std::string text_of(const std::string& path) {
  try {
    return read_file_if_exists(path).value_or("");
  } catch (const Error&) {
    return {};  // ended meanwhile
  }
}

/// The engine marks what it starts in the environment; what drops its environment is found by its
/// cgroup or command line.
bool belongs(const std::string& folder, const std::string& state) {
  const std::string name(base_name(state));
  const std::string marker = "KATA_ENGINE=" + state;
  return (std::string(1, '\0') + text_of(folder + "/environ")).find('\0' + marker + '\0') !=
             std::string::npos ||
         text_of(folder + "/cgroup").find("/" + name + "/") != std::string::npos ||
         text_of(folder + "/cmdline").find(state + "/") != std::string::npos;
}

std::vector<Process> processes(const std::string& state) {
  std::vector<Process> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!belongs(entry.path(), state)) continue;
    // A zombie is its parent's to reap, not a leak of ours.
    if (text_of(entry.path() / "stat").find(") Z ") != std::string::npos) continue;
    found.push_back({static_cast<pid_t>(std::stol(pid)), trimmed(text_of(entry.path() / "comm"))});
  }
  return found;
}

void add_folders(std::set<std::string>& lines, const std::string& what, const fs::path& root,
                 int depth) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    if (!entry.is_directory(error)) continue;
    lines.insert(what + " " + entry.path().string());
    if (depth > 1) add_folders(lines, what, entry.path(), depth - 1);
  }
}

/// What every engine has: processes, mounts and cgroups.
std::set<std::string> shared_state(const std::string& state, const std::string& data) {
  std::set<std::string> lines;
  for (const Process& process : processes(state)) {
    // Test programs and clients run under the same marker when the suite runs inside a shell of the
    // engine.
    lines.insert("process " + process.name + " " + std::to_string(process.pid));
  }
  std::istringstream mounts(read_file("/proc/self/mountinfo"));
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    fields >> id >> parent >> device >> root >> point;
    if (point == state + "/exec/netns/default") continue;  // dockerd makes it once and keeps it
    if (is_below(point, state) || is_below(point, data)) lines.insert("mount " + point);
  }
  std::error_code error;
  for (const auto& controller : fs::directory_iterator("/sys/fs/cgroup", error)) {
    add_folders(lines, "cgroup", controller.path() / base_name(state), 2);
  }
  for (const auto& interface : fs::directory_iterator("/proc/sys/net/ipv4/conf", error)) {
    lines.insert("interface " + interface.path().filename().string());
  }
  return lines;
}

template <typename Engine>
std::string left_behind_by(const Engine& engine, const std::set<std::string>& before) {
  std::string left;
  eventually([&] {
    left.clear();
    for (const std::string& line : host_state(engine)) {
      if (!before.contains(line)) left += line + "\n";
    }
    return left.empty();
  });
  return left;
}

std::vector<pid_t> processes_of(const std::string& state, std::string_view name) {
  std::vector<pid_t> pids;
  for (const Process& process : processes(state)) {
    if (process.name.starts_with(name)) pids.push_back(process.pid);
  }
  return pids;
}

}  // namespace

std::set<std::string> host_state(const Docker& docker) {
  std::set<std::string> lines = shared_state(docker.state(), docker.setting("DATA"));
  // The command line's containers: dockerd gives each runtime a root below its own.
  for (const char* runtime : {"runtime-kata-runtime", "runtime-control"}) {
    add_folders(lines, "state", docker.state() + "/exec/" + runtime + "/moby", 1);
  }
  add_folders(lines, "state", docker.state() + "/containerd/io.containerd.runtime.v2.task/moby", 1);
  return lines;
}

std::set<std::string> host_state(const Podman& podman) {
  std::set<std::string> lines = shared_state(podman.state(), podman.data());
  // Made on demand and kept by Podman, with any runtime: its storage's mount point, the cgroups of
  // pods and of conmon.
  lines.erase("mount " + podman.data() + "/storage/overlay");
  std::erase_if(lines, [](const std::string& line) {
    return line.starts_with("cgroup ") && (line.find("/libpod-") == std::string::npos ||
                                           line.find("-conmon") != std::string::npos);
  });
  add_folders(lines, "state", podman.state() + "/kata-root", 1);
  return lines;
}

std::string left_behind(const Docker& docker, const std::set<std::string>& before) {
  return left_behind_by(docker, before);
}

std::string left_behind(const Podman& podman, const std::set<std::string>& before) {
  return left_behind_by(podman, before);
}

std::vector<pid_t> engine_processes(const Docker& docker, std::string_view name) {
  return processes_of(docker.state(), name);
}

std::vector<pid_t> engine_processes(const Podman& podman, std::string_view name) {
  return processes_of(podman.state(), name);
}

}  // namespace kata::test
