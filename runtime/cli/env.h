// SPDX-License-Identifier: Apache-2.0
//
// `env`: what is installed and how it is configured, for bug reports.
#pragma once

#include <string>

#include "runtime/base/json.h"
#include "runtime/cli/command_line.h"
#include "runtime/config/config.h"
#include "runtime/hypervisor/qemu_probe.h"

namespace kata::cli {

struct EnvOptions {
  bool json = false;
};

/// Sections of name = value, as TOML writes them.
[[nodiscard]] std::string toml_text(const Json& sections);
/// The sections Meta, Runtime, Hypervisor, Agent, Host.
[[nodiscard]] Json environment_json(const config::Config& config,
                                    const hypervisor::HostProbe& probe);

/// Describes the verb and its options.
void add_env(CommandLine& line);
/// Carries it out; the exit status. Throws Error.
int run_env(const EnvOptions& options, Runtime& runtime);

}  // namespace kata::cli
