// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/kernel_modules.h"

#include <chrono>

#include "runtime/base/error.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::chrono::seconds kTimeout{10};

}  // namespace

void load_kernel_module(const std::string& name, const std::vector<std::string>& parameters,
                        CommandRunner& runner) {
  // A name that began with a dash would be an option of modprobe
  if (name.empty() || name.size() > kMaxName || name.front() == '-' ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
          std::string::npos)
    throw_error(Code::invalid_argument, "kernel module {}: this is no module's name",
                name.substr(0, kMaxName));
  Command command;
  command.argv = {"modprobe", "--", name};
  command.argv.insert(command.argv.end(), parameters.begin(), parameters.end());
  command.timeout = kTimeout;
  try {
    run_checked(runner, command);
  } catch (Error& error) {
    if (error.code() == Code::not_found)
      throw_error(
          Code::failed_precondition,
          "kernel module {}: the guest's image has no modprobe: add kmod and the modules to "
          "it (kernel_modules of its recipe), or take a kernel that has it built in",
          name);
    error.add_context("load kernel module " + name);
    throw;
  }
}

}  // namespace kata::agent
