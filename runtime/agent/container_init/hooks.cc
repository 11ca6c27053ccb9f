// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container_init/hooks.h"

#include <chrono>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace kata::agent {

void run_hooks(const HookList& hooks, std::string_view kind,
               const std::function<std::string()>& state) {
  RealCommandRunner runner;
  for (const grpc::Hook& hook : hooks) {
    Command command;
    command.argv.push_back(hook.path());
    for (int i = 1; i < hook.args_size(); ++i) command.argv.push_back(hook.args(i));
    command.env.emplace(hook.env().begin(), hook.env().end());
    command.input = state();
    command.timeout = std::chrono::seconds(hook.timeout());
    in_context([&] { run_checked(runner, command); }, "run {} hook {}", kind, hook.path());
  }
}

std::string hook_state(const std::string& id, std::string_view status, int pid,
                       const std::string& bundle) {
  const Json state = {
      {"ociVersion", "1.1.0"}, {"id", id}, {"status", status}, {"pid", pid}, {"bundle", bundle}};
  return state.dump();
}

std::string with_pid(const std::string& state, std::string_view status, int pid) {
  Json parsed = parse_json(state, "hook state");
  parsed["status"] = status;
  parsed["pid"] = pid;
  return parsed.dump();
}

}  // namespace kata::agent
