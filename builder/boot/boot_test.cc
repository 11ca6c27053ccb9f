// SPDX-License-Identifier: Apache-2.0
#include "builder/boot/boot_test.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "builder/boot/probe_program.h"
#include "builder/pipeline/interrupt.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"
#include "runtime/base/sys_process.h"

namespace kata::boot {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{180'000};
constexpr std::size_t kWords = 8000;
constexpr const char* kId = "katabuild-boot-test";

/// A quoted string of TOML.
std::string quoted(const std::string& text) { return Json(text).dump(); }

Json bundle_config() {
  return {{"ociVersion", "1.0.2"},
          {"process",
           {{"terminal", false},
            {"user", {{"uid", 0}, {"gid", 0}}},
            {"args", Json::array({"/probe"})},
            {"env", Json::array({"PATH=/"})},
            {"cwd", "/"}}},
          {"root", {{"path", "rootfs"}, {"readonly", true}}},
          {"linux",
           {{"namespaces", Json::array({{{"type", "pid"}},
                                        {{"type", "mount"}},
                                        {{"type", "ipc"}},
                                        {{"type", "uts"}},
                                        {{"type", "network"}}})}}}};
}

std::string configuration(const BootRequest& request, bool verbose) {
  std::string text = "[hypervisor.qemu]\nkernel = " + quoted(request.kernel) + "\n";
  text += "initrd = " + quoted(request.is_disk ? "" : request.image) + "\n";
  if (request.is_disk) text += "image = " + quoted(request.image) + "\n";
  if (verbose) {
    // 8: the agent's lines, too; on: no limit for what programs write to the kernel's log
    text += "enable_debug = true\nkernel_params = \"loglevel=8 printk.time=1 printk.devkmsg=on\"\n";
    text += "[agent.kata]\nenable_debug = true\n";
  }
  return text;
}

/// One start in a folder of its own.
class Run {
 public:
  Run(const BootRequest& request, bool verbose, CommandRunner& runner)
      : runtime_(request.runtime), verbose_(verbose), runner_(runner) {
    const std::string folder = dir_.path();
    make_directories(folder + "/bundle/rootfs");
    make_directories(folder + "/config.d");
    write_file(folder + "/bundle/rootfs/probe", probe_program(), 0755);
    write_file(folder + "/bundle/config.json", bundle_config().dump());
    write_file(folder + "/configuration.toml", configuration(request, verbose));
    if (!request.companion.empty())
      write_file(folder + "/config.d/image.toml", read_file(request.companion));
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    ignore_error(
        [&] {
          RealCommandRunner runner;  // also when the user has interrupted the rest
          Command command = verb({"delete", "--force", kId});
          command.timeout = milliseconds{30'000};
          (void)runner.run(command);
        },
        "what was not made cannot be deleted");
  }

  /// Starts the container and waits for its end; returns the seconds from create to then.
  double go() {
    const Clock::time_point began = Clock::now();
    create();
    const std::string text = read_line_of(dir_.path() + "/pid");
    pid_t pid = 0;
    std::from_chars(text.data(), text.data() + text.size(), pid);
    const UniqueFd relay = sys::pidfd_open(pid);
    Command start = verb({"start", kId});
    start.timeout = kPatience;
    (void)run_checked(runner_, start);
    wait_readable(relay.get(), "the container's end");
    return std::chrono::duration<double>(Clock::now() - began).count();
  }
  [[nodiscard]] std::string output() const { return read_file(dir_.path() + "/output"); }
  [[nodiscard]] std::string log() const {
    return read_file(join_path(dir_.path(), std::string("root/") + kId + "/shim.log"));
  }

 private:
  [[nodiscard]] Command verb(const std::vector<std::string>& words) const {
    Command command;
    command.env = environment();
    command.argv = {runtime_};
    if (verbose_) command.argv.emplace_back("--debug");
    command.argv.insert(command.argv.end(), {"--root", dir_.path() + "/root", "--config",
                                             dir_.path() + "/configuration.toml"});
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    return command;
  }

  /// With the sandbox process's program in PATH where it is not beside kata-runtime: in a build
  /// folder.
  [[nodiscard]] std::vector<std::string> environment() const {
    const std::string shims = clean_path(join_path(parent_path(runtime_), "../shim"));
    std::string path = "/usr/sbin:/usr/bin:/sbin:/bin";
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string text = *variable;
      if (text.starts_with("PATH="))
        path = text.substr(5);
      else
        variables.push_back(text);
    }
    if (path_exists(shims + "/containerd-shim-kata-v2")) path = shims + ":" + path;
    variables.push_back("PATH=" + path);
    return variables;
  }

  /// The container keeps create's output: a file, since a pipe would not end with create.
  void create() {
    Command command = verb(
        {"create", "--bundle", dir_.path() + "/bundle", "--pid-file", dir_.path() + "/pid", kId});
    const UniqueFd output = open_file(dir_.path() + "/output", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const UniqueFd words = open_file(dir_.path() + "/words", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    command.fds = {{1, output.get()}, {2, words.get()}};
    ChildProcess child = spawn(command);
    wait_readable(child.pidfd(), "kata-runtime create");
    if (const int status = child.wait(); status != 0) {
      throw_error(Code::unavailable, "start the image under {}: status {}: {}", runtime_, status,
                  foreign_lines(read_file(dir_.path() + "/words"), kWords));
    }
  }

  static void wait_readable(int fd, const char* what) {
    const Clock::time_point end = Clock::now() + kPatience;
    for (struct pollfd item = {fd, POLLIN, 0}; ::poll(&item, 1, 200) <= 0;) {
      pipeline::throw_if_interrupted();
      if (Clock::now() > end) {
        throw_error(Code::deadline_exceeded, "wait for {}: it has not come in {} s", what,
                    kPatience.count() / 1000);
      }
    }
  }

  TempDir dir_{"/run", "katabuild-boot-"};
  std::string runtime_;
  bool verbose_;
  CommandRunner& runner_;
};

std::string beside_program(const char* relative) {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  return error ? "" : clean_path(join_path(parent_path(self), relative));
}

}  // namespace

std::string find_runtime(const std::string& wanted) {
  if (!wanted.empty()) {
    if (const auto found = find_program(wanted)) return *found;
    throw_error(Code::not_found, "there is no program {}", wanted);
  }
  for (const char* place : {"kata-runtime", "../runtime/cli/kata-runtime"}) {
    const std::string path = beside_program(place);
    if (!path.empty() && ::access(path.c_str(), X_OK) == 0) return path;
  }
  if (const auto found = find_program("kata-runtime")) return *found;
  throw_error(Code::not_found,
              "kata-runtime is neither beside katabuild nor in PATH: install it, or name it with "
              "--runtime PATH");
}

std::string find_kernel(const std::string& manifest, const std::string& image) {
  std::string path = join_path(parent_path(image), "vmlinux.container");
  if (manifest.ends_with(".json")) {
    const Json text = read_json_file(manifest);
    try {
      path = join_path(parent_path(manifest),
                       text.at("files").at("vmlinux").at("name").get<std::string>());
    } catch (const Json::exception&) {
      throw_error(Code::invalid_argument, "{}: it names no kernel", manifest);
    }
  } else if (!manifest.empty()) {
    path = join_path(parent_path(manifest), "vmlinux.container");
  }
  if (!path_exists(path)) {
    throw_error(Code::not_found,
                "there is no kernel {} to boot the image with: name its kernel-manifest.json with "
                "--kernel-config",
                path);
  }
  return path;
}

BootResult boot_image(const BootRequest& request, CommandRunner& runner) {
  if (::geteuid() != 0) {
    throw_error(Code::permission_denied,
                "test the image: kata-runtime needs root to make a sandbox: run this as root");
  }
  BootResult result;
  {
    Run run(request, true, runner);
    (void)run.go();
    result.kernel_release = foreign_line(run.output(), 200);
    while (result.kernel_release.ends_with('?')) result.kernel_release.pop_back();  // the newline
    std::string missing;
    const std::string log = run.log();
    const std::optional<Timeline> timeline = read_timeline(log, missing);
    if (!timeline) {
      throw_error(Code::internal,
                  "test the image: it runs, but {} is not in the log of {}: is that as old as "
                  "katabuild, or the agent older?",
                  missing, request.runtime);
    }
    result.timeline = *timeline;
  }
  if (result.kernel_release.empty())
    throw_error(Code::internal, "test the image: the container printed nothing");
  Run run(request, false, runner);
  result.quiet_seconds = run.go();
  return result;
}

std::string text_of(const BootResult& result, const std::string& image) {
  const Timeline& at = result.timeline;
  std::string text =
      fmt::format("{} boots; its container runs on kernel {}\n", image, result.kernel_release);
  const auto add = [&](const char* name, double seconds, const char* what) {
    text += fmt::format("  {:<10} {:>7.3f} s  {}\n", name, seconds, what);
  };
  add("firmware", at.kernel, "QEMU's own start and the firmware, until the kernel's clock begins");
  add("kernel", at.init - at.kernel, "until it runs the first process");
  add("init", at.agent - at.init, "until the agent's first instructions");
  add("agent", at.ready - at.agent, "until it is connected to the host");
  add("container", at.container - at.ready, "until the agent has made the container");
  add("together", at.container, "with the console on, which costs time");
  add("quiet", result.quiet_seconds,
      "create, start and end of the container as usual, console off");
  return text;
}

}  // namespace kata::boot
