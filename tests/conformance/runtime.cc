// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/runtime.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "tests/support/eventually.h"

namespace kata::conformance {
namespace {

namespace fs = std::filesystem;

std::string new_name(const char* kind) {
  static std::atomic<int> count = 0;
  return fmt::format("{}-{}-{}", kind, ::getpid(), ++count);
}

Json mount(const char* destination, const char* type, const char* source,
           std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

CommandResult run(std::vector<std::string> arguments, const std::string& out,
                  const std::string& err, std::vector<std::pair<int, int>> fds) {
  std::vector<std::string> argv = {setting("KATA_CONFORMANCE_PROGRAM"), "--root",
                                   setting("KATA_CONFORMANCE_FOLDER") + "/root"};
  argv.insert(argv.end(), std::make_move_iterator(arguments.begin()),
              std::make_move_iterator(arguments.end()));
  const UniqueFd out_fd = open_file(out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  const UniqueFd err_fd = open_file(err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  Command command{.argv = std::move(argv)};
  command.fds = {{1, out_fd.get()}, {2, err_fd.get()}};
  command.fds.insert(command.fds.end(), fds.begin(), fds.end());
  // Containers outlive the call, and so must what the runtime leaves behind for them.
  command.die_with_parent = false;
  ChildProcess child = spawn(command);
  std::optional<int> status;
  const bool ended = test::eventually([&] { return (status = child.try_wait()).has_value(); },
                                      std::chrono::seconds(60));
  CommandResult result;
  // As timeout(1): a runtime that hangs fails its case and not the whole run.
  result.status = ended ? *status : 124;
  result.output = read_file(out);
  result.error_output = read_file(err) + (ended ? "" : "\n(still running after a minute)");
  return result;
}

}  // namespace

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    std::fprintf(stderr, "%s is not set; see tests/conformance/conformance.py\n", name);
    std::exit(2);
  }
  return value;
}

CommandResult runtime(std::vector<std::string> arguments, std::vector<std::pair<int, int>> fds) {
  const std::string name = setting("KATA_CONFORMANCE_FOLDER") + "/" + new_name("call");
  CommandResult result = run(std::move(arguments), name + ".out", name + ".err", std::move(fds));
  ::unlink((name + ".out").c_str());
  ::unlink((name + ".err").c_str());
  return result;
}

Bundle::Bundle(std::vector<std::string> args)
    : path_(setting("KATA_CONFORMANCE_FOLDER") + "/" + new_name("bundle")) {
  make_directories(rootfs() + "/bin");
  for (const char* folder : {"/proc", "/sys", "/dev", "/tmp"}) make_directories(rootfs() + folder);
  const std::string folder = setting("KATA_CONFORMANCE_FOLDER");
  fs::create_hard_link(folder + "/conformance-probe", rootfs() + "/bin/conformance-probe");
  for (const char* applet : {"sh", "sleep", "echo", "true", "cat", "id", "env", "pwd"}) {
    fs::create_hard_link(folder + "/busybox", rootfs() + "/bin/" + applet);
  }
  const std::vector<std::string> capabilities = {"CAP_KILL", "CAP_MKNOD", "CAP_SYS_CHROOT"};
  config = {
      {"ociVersion", "1.0.2"},
      {"process",
       {{"terminal", false},
        {"user", {{"uid", 0}, {"gid", 0}}},
        {"args", std::move(args)},
        {"env", Json::array({"PATH=/bin"})},
        {"cwd", "/"},
        {"capabilities",
         {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}}}},
      {"root", {{"path", "rootfs"}}},
      {"mounts",
       {mount("/proc", "proc", "proc", {}),
        mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
        mount("/dev/pts", "devpts", "devpts",
              {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}),
        mount("/dev/shm", "tmpfs", "shm",
              {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
        mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"})}},
      {"linux",
       {{"namespaces",
         {{{"type", "pid"}},
          {{"type", "network"}},
          {{"type", "ipc"}},
          {{"type", "uts"}},
          {{"type", "mount"}}}}}},
  };
}

void Bundle::write() const { write_file(path_ + "/config.json", config.dump(2)); }

std::vector<std::string> probe(const std::vector<std::string>& queries) {
  std::vector<std::string> args = {"/bin/conformance-probe"};
  args.insert(args.end(), queries.begin(), queries.end());
  return args;
}

Container::Container(const Bundle& bundle, std::string id)
    : id_(id.empty() ? new_name("conformance") : std::move(id)), bundle_(bundle.path()) {
  if (!bundle.config.is_null()) bundle.write();
}

Container::~Container() {
  ignore_error([&] { runtime({"delete", "--force", id_}); }, "conformance.py removes the rest");
}

CommandResult Container::create(std::vector<std::string> options,
                                std::vector<std::pair<int, int>> fds) {
  std::vector<std::string> arguments = {"create", "--bundle", bundle_};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back(id_);
  return run(std::move(arguments), bundle_ + "/stdout", bundle_ + "/stderr", std::move(fds));
}

CommandResult Container::start() { return runtime({"start", id_}); }
CommandResult Container::remove() { return runtime({"delete", id_}); }

CommandResult Container::call(const std::string& verb, std::vector<std::string> options,
                              const std::vector<std::string>& words) {
  std::vector<std::string> arguments = {verb};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back(id_);
  arguments.insert(arguments.end(), words.begin(), words.end());
  return runtime(std::move(arguments));
}

Json Container::state() {
  const CommandResult result = runtime({"state", id_});
  return result.status == 0 ? parse_json(result.output, "state") : Json();
}

std::string Container::status() {
  const Json found = state();
  return found.is_null() ? "none" : found.value("status", "");
}

bool Container::wait_for(const std::string& wanted) {
  return test::eventually([&] { return status() == wanted; });
}

std::string Container::output() const {
  return read_file_if_exists(bundle_ + "/stdout").value_or("");
}
std::string Container::errors() const {
  return read_file_if_exists(bundle_ + "/stderr").value_or("");
}

Json probed(const Bundle& bundle) {
  Container container(bundle);
  if (const CommandResult created = container.create(); created.status != 0) {
    throw_error(Code::internal, "create: {}{}", created.output, created.error_output);
  }
  if (const CommandResult started = container.start(); started.status != 0) {
    throw_error(Code::internal, "start: {}", started.error_output);
  }
  if (!container.wait_for("stopped")) throw_error(Code::deadline_exceeded, "it does not end");
  const std::string output = container.output();
  if (output.empty()) throw_error(Code::internal, "no output; stderr: {}", container.errors());
  return parse_json(output, "the probe's output");
}

Refusal refusal_of(const Bundle& bundle) {
  Container container(bundle);
  Refusal refusal;
  const CommandResult created = container.create();
  refusal.words = created.output + created.error_output;
  refusal.refused = created.status != 0;
  refusal.clean = container.status() == "none";
  if (!refusal.refused) {
    const CommandResult started = container.start();
    refusal.refused = started.status != 0;
    refusal.words += started.output + started.error_output;
    refusal.clean = container.remove().status == 0;
  }
  return refusal;
}

}  // namespace kata::conformance
