// SPDX-License-Identifier: Apache-2.0
#include "tests/support/podman.h"

#include <fcntl.h>
#include <sched.h>

#include <chrono>
#include <cstdlib>
#include <iterator>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_process.h"
#include "tests/support/docker.h"
#include "tests/support/eventually.h"
#include "tests/support/require.h"

namespace kata::test {

namespace {

constexpr std::chrono::seconds kTimeout{120};

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

void append(std::vector<std::string>& to, std::vector<std::string> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Podman::Podman()
    : state_(environment("KATA_PODMAN_STATE", "/run/kata-podman")),
      runtime_(environment("KATA_E2E_RUNTIME", "kata-runtime")) {
  require_root();
  require(path_exists(state_ + "/podman"), "engine", "no Podman is set up at " + state_);
  require(!is_vm() || path_exists(data() + "/bin/kata-runtime"), "kata-runtime",
          "Podman has no kata-runtime");
  sys::setns(open_file("/run/netns/" + std::string(base_name(state_)), O_RDONLY).get(),
             CLONE_NEWNET);
}

Podman::~Podman() {
  ignore_error(
      [&] {
        for (const std::string& pod : pods_) (*this)({"pod", "rm", "-f", "-t", "0", pod});
        if (containers_.empty()) return;
        std::vector<std::string> arguments = {"rm", "-f", "-v", "-i", "-t", "0"};
        append(arguments, containers_);
        (*this)(arguments);
      },
      "the engine removes the rest when it ends");
}

Command Podman::command(std::vector<std::string> arguments) const {
  Command command;
  command.argv = {state_ + "/podman", "--runtime", runtime_};
  append(command.argv, std::move(arguments));
  return command;
}

CommandResult Podman::operator()(std::vector<std::string> arguments, std::string input) {
  Command podman = command(std::move(arguments));
  podman.input = std::move(input);
  podman.timeout = kTimeout;
  return RealCommandRunner().run(podman);
}

std::string Podman::checked(std::vector<std::string> arguments, std::string input) {
  Command podman = command(std::move(arguments));
  podman.input = std::move(input);
  podman.timeout = kTimeout;
  RealCommandRunner runner;
  return trimmed(run_checked(runner, podman).output);
}

CommandResult Podman::run(std::vector<std::string> arguments, std::string input) {
  std::vector<std::string> all = {"run", "--rm", "--cgroup-parent",
                                  "/" + std::string(base_name(state_))};
  append(all, std::move(arguments));
  return (*this)(std::move(all), std::move(input));
}

std::string Podman::start(std::vector<std::string> arguments) {
  std::vector<std::string> all = {"run", "-d", "--cgroup-parent",
                                  "/" + std::string(base_name(state_))};
  append(all, std::move(arguments));
  return containers_.emplace_back(checked(std::move(all)));
}

std::string Podman::make_pod(std::vector<std::string> arguments) {
  std::vector<std::string> all = {"pod", "create", "--cgroup-parent",
                                  "/" + std::string(base_name(state_))};
  append(all, std::move(arguments));
  return pods_.emplace_back(checked(std::move(all)));
}

std::string Podman::inspect(const std::string& id, const std::string& format) {
  return checked({"inspect", "-f", format, id});
}

bool Podman::wait_for_log(const std::string& id, std::string_view text) {
  return eventually(
      [&] {
        const CommandResult logs = (*this)({"logs", id});
        return (logs.output + logs.error_output).find(text) != std::string::npos;
      },
      std::chrono::seconds(30));
}

std::string Podman::data() const { return "/var/tmp/" + std::string(base_name(state_)); }

}  // namespace kata::test
