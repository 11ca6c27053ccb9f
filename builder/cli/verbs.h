// SPDX-License-Identifier: Apache-2.0
//
// The verbs of katabuild: `add_*` describes a verb's options and stores what to do; main parses,
// then does it.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace kata::cli {

/// Does the verb and returns the exit status.
using Action = std::function<int()>;

void add_kernel(CLI::App& app, Action& action);
void add_image(CLI::App& app, Action& action);
void add_build(CLI::App& app, Action& action);
void add_rpm(CLI::App& app, Action& action);
void add_repo(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_show_recipe(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_clean(CLI::App& app, Action& action);
void add_version(CLI::App& app, Action& action);

/// What katabuild starts itself for, by the argument kEnterSandbox: a plan on standard input, run
/// in namespaces. Not for people.
inline constexpr const char* kEnterSandbox = "enter-sandbox";
int enter_sandbox();

}  // namespace kata::cli
