// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/bundle.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "tests/support/eventually.h"

namespace kata::test {

OciRuntime::OciRuntime(const Docker& docker)
    : folder_("/var/tmp"),
      program_(docker.is_vm() ? docker.setting("DATA") + "/bin/kata-runtime"
                              : find_program("runc").value_or("runc")),
      configuration_(docker.state() + "/configuration.toml"),
      marker_("KATA_ENGINE=" + docker.state()) {}

OciRuntime::~OciRuntime() {
  ignore_error(
      [&] {
        std::istringstream ids((*this)({"list", "-q"}).output);
        for (std::string id; ids >> id;) (*this)({"delete", "--force", id});
      },
      "the engine's end removes the rest");
}

CommandResult OciRuntime::operator()(std::vector<std::string> arguments) {
  return under({}, std::move(arguments));
}

CommandResult OciRuntime::under(std::vector<std::string> program,
                                std::vector<std::string> arguments) {
  program.insert(program.end(), {program_, "--root", folder() + "/root"});
  program.insert(program.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  return run(std::move(program), STDIN_FILENO);
}

CommandResult OciRuntime::told(const std::string& input, std::vector<std::string> arguments) {
  const std::string file = folder() + "/stdin";
  write_file(file, input);
  const UniqueFd fd = open_file(file, O_RDONLY);
  ::unlink(file.c_str());
  arguments.insert(arguments.begin(), {program_, "--root", folder() + "/root"});
  return run(std::move(arguments), fd.get());
}

CommandResult OciRuntime::run(std::vector<std::string> argv, int input) {
  std::vector<std::string> env = {marker_, "KATA_CONF_FILE=" + configuration_};
  for (char** entry = ::environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  // Files, not pipes: a container outlives `create` and would hold a pipe open.
  const std::string out = folder() + "/stdout";
  const std::string err = folder() + "/stderr";
  CommandResult result;
  {
    const UniqueFd out_fd = open_file(out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    const UniqueFd err_fd = open_file(err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    Command command{.argv = std::move(argv), .env = std::move(env)};
    command.fds = {{0, input}, {1, out_fd.get()}, {2, err_fd.get()}};
    // A thread of the runtime must not end with us: containers belong to the sandbox process.
    command.die_with_parent = false;
    ChildProcess child = spawn(command);
    std::optional<int> status;
    if (!eventually([&] { return (status = child.try_wait()).has_value(); },
                    std::chrono::seconds(120))) {
      throw_error(Code::deadline_exceeded, "{} still runs; stderr: {}", printable(command),
                  read_file(err));
    }
    result.status = *status;
  }
  result.output = read_file(out);
  result.error_output = read_file(err);
  ::unlink(out.c_str());
  ::unlink(err.c_str());
  return result;
}

bool OciRuntime::ok(std::vector<std::string> arguments) {
  const CommandResult result = (*this)(std::move(arguments));
  if (result.status != 0) WARN("status " << result.status << ": " << result.error_output);
  return result.status == 0;
}

std::string OciRuntime::status_of(const std::string& id) {
  const CommandResult result = (*this)({"state", id});
  if (result.status != 0) return "none";
  return parse_json(result.output, "state")["status"].get<std::string>();
}

std::vector<std::string> OciRuntime::cgroups_of(const std::string& id) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& hierarchy : std::filesystem::directory_iterator("/sys/fs/cgroup", ignored)) {
    const std::string folder = hierarchy.path().string() + "/kata/" + id;
    if (path_exists(folder)) found.push_back(folder);
  }
  if (path_exists("/sys/fs/cgroup/kata/" + id)) found.push_back("/sys/fs/cgroup/kata/" + id);
  return found;
}

void OciRuntime::write_bundle(const std::vector<std::string>& args) {
  const std::string rootfs = bundle() + "/rootfs";
  make_directories(rootfs + "/bin");
  RealCommandRunner runner;
  if (!path_exists(rootfs + "/bin/busybox")) {
    run_checked(runner, {.argv = {"cp", find_program("busybox").value_or("busybox"),
                                  rootfs + "/bin/busybox"}});
    for (const char* applet : {"sh", "sleep", "echo", "true"}) {
      run_checked(runner, {.argv = {"ln", rootfs + "/bin/busybox", rootfs + "/bin/" + applet}});
    }
  }
  ::unlink((bundle() + "/config.json").c_str());
  const CommandResult result = (*this)({"spec", "--bundle", bundle()});
  if (result.status != 0) throw_error(Code::internal, "make a bundle: {}", result.error_output);
  Json config = read_json_file(bundle() + "/config.json");
  config["process"]["args"] = args;
  config["process"]["terminal"] = false;
  write_file(bundle() + "/config.json", config.dump(2));
}

}  // namespace kata::test
