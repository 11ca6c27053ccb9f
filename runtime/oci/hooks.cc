// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/hooks.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/signals.h"

namespace kata::oci {
namespace {

constexpr std::size_t kMostOutput = 4096;  // of a failed hook, in the error

std::vector<char*> c_strings(const google::protobuf::RepeatedPtrField<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

std::string trimmed_tail(const std::string& text) {
  const std::size_t last = text.find_last_not_of(" \n\t\r");
  if (last == std::string::npos) return {};
  const std::size_t first = last + 1 > kMostOutput ? last + 1 - kMostOutput : 0;
  return text.substr(first, last + 1 - first);
}

}  // namespace

void run_hook(CommandRunner& runner, const grpc::Hook& hook, const std::string& state_json) {
  Command command;
  command.argv.push_back(hook.path());
  for (int i = 1; i < hook.args_size(); ++i) command.argv.push_back(hook.args(i));
  if (hook.env_size() > 0) command.env.emplace(hook.env().begin(), hook.env().end());
  command.input = state_json;
  command.timeout = std::chrono::seconds(hook.timeout());
  std::vector<char*> argv = c_strings(hook.args());
  std::vector<char*> env = c_strings(hook.env());
  // args[0] is the hook's own name and need not be its path: dockerd gives /proc/PID/exe and
  // "libnetwork-setkey". Command knows only one name for both, so the real execve(2) takes place
  // here.
  if (hook.args_size() > 0) {
    command.before_exec = [&] {
      ::execve(hook.path().c_str(), argv.data(), hook.env_size() > 0 ? env.data() : environ);
      return errno;
    };
  }
  const CommandResult result =
      in_context([&] { return runner.run(command); }, "run {}", hook.path());
  if (result.status == 0) return;
  const std::string output =
      trimmed_tail(result.error_output.empty() ? result.output : result.error_output);
  throw_error(Code::aborted, "{} {}{}{}", hook.path(),
              result.status > 128 ? "was ended by " + signal_name(result.status - 128)
                                  : fmt::format("ended with exit status {}", result.status),
              output.empty() ? "" : ": ", output);
}

void run_hooks(CommandRunner& runner, const Hooks& hooks, const std::string& state_json,
               std::string_view kind) {
  int index = 0;
  for (const grpc::Hook& hook : hooks) {
    in_context([&] { run_hook(runner, hook, state_json); }, "{} hook #{}", kind, index++);
  }
}

void run_hooks_leniently(CommandRunner& runner, const Hooks& hooks, const std::string& state_json,
                         std::string_view kind) noexcept {
  for (const grpc::Hook& hook : hooks) {
    try {
      run_hook(runner, hook, state_json);
    } catch (const std::exception& error) {
      log::warn("{} hook ended badly and is passed over error=\"{}\"", kind, error.what());
    }
  }
}

}  // namespace kata::oci
