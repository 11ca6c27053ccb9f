// SPDX-License-Identifier: Apache-2.0
#include "tests/support/docker.h"
#include "tests/support/eventually.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/sys_process.h"
#include "tests/support/require.h"

namespace kata::test {

namespace {

constexpr std::chrono::seconds kTimeout{180};

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

void append(std::vector<std::string>& to, std::vector<std::string> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

/// None when nobody is there. `seconds`: how long a write or a read may take.
UniqueFd connect_to(const std::string& address, int port, int type, time_t seconds) {
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address.c_str(), &peer.sin_addr);
  const timeval limit{.tv_sec = seconds, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0)
    return UniqueFd();
  return socket;
}

}  // namespace

Docker::Docker()
    : state_(environment("KATA_E2E_STATE", "/run/kata-e2e")),
      runtime_(environment("KATA_E2E_RUNTIME", "kata-runtime")) {
  require_root();
  require(path_exists(state_ + "/docker.sock"), "engine", "no engine is up at " + state_);
  require(!is_vm() || path_exists(setting("DATA") + "/bin/kata-runtime"), "kata-runtime",
          "the engine has no kata-runtime");
  ::setenv("DOCKER_HOST", ("unix://" + state_ + "/docker.sock").c_str(), 1);
  ::setenv("DOCKER_CONFIG", (setting("DATA") + "/client").c_str(), 1);
  const std::string name = state_.substr(state_.rfind('/') + 1);
  sys::setns(open_file("/run/netns/" + name, O_RDONLY).get(), CLONE_NEWNET);
}

Docker::~Docker() {
  ignore_error(
      [&] {
        if (!containers_.empty()) {
          std::vector<std::string> arguments = {"rm", "-f", "-v"};
          append(arguments, containers_);
          (*this)(arguments);
        }
        for (const std::string& network : networks_) (*this)({"network", "rm", network});
        for (const std::string& volume : volumes_) (*this)({"volume", "rm", "-f", volume});
      },
      "the engine removes the rest when it ends");
}

Command Docker::command(std::vector<std::string> arguments) {
  Command command;
  command.argv = {path_exists("/usr/bin/docker") ? "/usr/bin/docker" : "docker"};
  append(command.argv, std::move(arguments));
  return command;
}

CommandResult Docker::operator()(std::vector<std::string> arguments, std::string input) {
  Command docker = command(std::move(arguments));
  docker.input = std::move(input);
  docker.timeout = kTimeout;
  return RealCommandRunner().run(docker);
}

std::string Docker::checked(std::vector<std::string> arguments, std::string input) {
  Command docker = command(std::move(arguments));
  docker.input = std::move(input);
  docker.timeout = kTimeout;
  RealCommandRunner runner;
  return trimmed(run_checked(runner, docker).output);
}

std::vector<std::string> Docker::run_arguments(std::vector<std::string> arguments) const {
  std::vector<std::string> all = {"run", "--runtime", runtime_};
  append(all, std::move(arguments));
  return all;
}

CommandResult Docker::run(std::vector<std::string> arguments, std::string input) {
  arguments.insert(arguments.begin(), "--rm");
  return (*this)(run_arguments(std::move(arguments)), std::move(input));
}

std::string Docker::start(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "-d");
  return containers_.emplace_back(checked(run_arguments(std::move(arguments))));
}

std::string Docker::create(std::vector<std::string> arguments) {
  std::vector<std::string> all = {"create", "--runtime", runtime_};
  append(all, std::move(arguments));
  return containers_.emplace_back(checked(std::move(all)));
}

std::string Docker::make_network(const std::string& name, std::vector<std::string> options) {
  options.insert(options.begin(), {"network", "create"});
  options.push_back(name);
  checked(std::move(options));
  return networks_.emplace_back(name);
}

std::string Docker::make_volume(const std::string& name) {
  checked({"volume", "create", name});
  return volumes_.emplace_back(name);
}

std::string Docker::inspect(const std::string& id, const std::string& format) {
  return checked({"inspect", "-f", format, id});
}

bool Docker::wait_for_log(const std::string& id, std::string_view text,
                          std::chrono::seconds timeout) {
  return eventually(
      [&] {
        const CommandResult logs = (*this)({"logs", id});
        return (logs.output + logs.error_output).find(text) != std::string::npos;
      },
      timeout);
}

std::string Docker::setting(std::string_view name) const {
  const std::string text = "\n" + read_file_if_exists(state_ + "/engine.env").value_or("");
  const std::string key = "\n" + std::string(name) + "=";
  const std::size_t begin = text.find(key);
  if (begin == std::string::npos) return {};
  const std::size_t value = begin + key.size();
  return text.substr(value, text.find('\n', value) - value);
}

std::string http_get(const std::string& address, int port, const std::string& path) {
  const UniqueFd socket = connect_to(address, port, SOCK_STREAM, 10);
  if (!socket) return {};
  try {
    write_all(socket.get(), "GET " + path + " HTTP/1.0\r\nHost: " + address + "\r\n\r\n");
    const std::string answer = read_all(socket.get());
    const std::size_t body = answer.find("\r\n\r\n");
    return body == std::string::npos ? std::string() : answer.substr(body + 4);
  } catch (const Error&) {
    return {};  // reset or silent: nobody answers
  }
}

std::string ask_by_udp(const std::string& address, int port, const std::string& question) {
  const UniqueFd socket = connect_to(address, port, SOCK_DGRAM, 1);
  std::string answer(1024, '\0');
  if (!socket || ::send(socket.get(), question.data(), question.size(), 0) < 0) return {};
  answer.resize(static_cast<std::size_t>(
      std::max<ssize_t>(0, ::recv(socket.get(), answer.data(), answer.size(), 0))));
  return answer;
}

std::string trimmed(std::string text) {
  const char* space = " \t\r\n";
  text.erase(text.find_last_not_of(space) + 1);
  text.erase(0, std::min(text.find_first_not_of(space), text.size()));
  return text;
}

}  // namespace kata::test
