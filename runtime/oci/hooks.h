// SPDX-License-Identifier: Apache-2.0
//
// Hooks of config.json that run on the host (prestart, createRuntime, poststart, poststop), each
// with the container's state on its standard input. See the OCI runtime specification, config.md,
// "POSIX-platform Hooks".
#pragma once

#include <google/protobuf/repeated_field.h>

#include <string>
#include <string_view>

#include "oci.pb.h"
#include "runtime/base/command.h"

namespace kata::oci {

using Hooks = google::protobuf::RepeatedPtrField<grpc::Hook>;

/// Runs one hook to its end: its path, its own argument vector (Docker's program tells its roles
/// apart by args[0]), its environment (the caller's when config.json gives none, as runc). Throws
/// Error with the hook's output when it cannot be started, ends with another status than 0, or
/// exceeds its timeout.
void run_hook(CommandRunner& runner, const grpc::Hook& hook, const std::string& state_json);

/// Runs `hooks` in order; stops with an Error at the first that fails: prestart, createRuntime.
/// `kind` stands in errors.
void run_hooks(CommandRunner& runner, const Hooks& hooks, const std::string& state_json,
               std::string_view kind);
/// Runs every one; failures are warnings in the log: poststart, poststop.
void run_hooks_leniently(CommandRunner& runner, const Hooks& hooks, const std::string& state_json,
                         std::string_view kind) noexcept;

}  // namespace kata::oci
