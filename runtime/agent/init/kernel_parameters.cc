// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/kernel_parameters.h"

#include <charconv>

#include "runtime/base/error.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxPipeSize = 1U << 30;

void apply(KernelParameters& parameters, std::string_view name, std::string_view value) {
  if (name == "agent.log") {
    parameters.log = log::level_from_name(value);
  } else if (name == "agent.container_pipe_size") {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc() || end != value.data() + value.size() || size > kMaxPipeSize) {
      throw_error(Code::invalid_argument, "\"{}\" is no pipe size", value);
    }
    parameters.pipe_size = size;
  } else if (name == "agent.poweroff") {
    parameters.power_off_by_reboot = value == "reboot";
  } else if (name == "agent.debug_console") {
    parameters.debug_console = true;
  } else if (name == "agent.transport") {
    parameters.vsock_only = value == "vsock";
  }
}

}  // namespace

KernelParameters parse_kernel_parameters(std::string_view command_line) {
  KernelParameters parameters;
  constexpr std::string_view kBlanks = " \t\n";
  while (!command_line.empty()) {
    const std::size_t begin = command_line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) break;
    command_line.remove_prefix(begin);
    const std::string_view word = command_line.substr(0, command_line.find_first_of(kBlanks));
    command_line.remove_prefix(word.size());
    if (!word.starts_with("agent.")) continue;
    const std::size_t equals = word.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
    try {
      apply(parameters, word.substr(0, equals), value);
    } catch (const Error& error) {
      log::warn("kernel parameter ignored parameter={} error=\"{}\"", word, error.what());
    }
  }
  return parameters;
}

}  // namespace kata::agent
