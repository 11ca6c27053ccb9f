// SPDX-License-Identifier: Apache-2.0
//
// Hooks that the guest image brings along (guest_hook_path): programs in the folders prestart,
// poststart and poststop below it, run for every container beside those of its config.json.
#pragma once

#include <string>

namespace grpc {
class Hooks;
}

namespace kata::agent {

/// The folder to look in: `path` when it is an absolute one that exists. Else nothing, with a
/// warning: as upstream, an image without the folder runs containers without its hooks.
[[nodiscard]] std::string guest_hook_folder(const std::string& path);

/// Adds the executable files of `folder`, by name, behind the hooks that are there. Their arguments
/// are the file's name and the kind of hook. What is no program (a symbolic link, a file that
/// nobody may execute) is passed over.
void add_guest_hooks(grpc::Hooks& hooks, const std::string& folder);

}  // namespace kata::agent
