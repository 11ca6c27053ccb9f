// SPDX-License-Identifier: Apache-2.0
//
// What a sandbox shares with its guest, as names: both who shares it and the relay, which shows the
// same to engines, know them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "oci.pb.h"

namespace kata::sandbox {

/// The host's side of what is shared, below a sandbox's folder; a folder a container in it.
inline constexpr std::string_view kMountsFolder = "mounts";
/// ID~1 is the folder of the second container of the id.
inline constexpr std::string_view kGeneration = "~";

/// The name by which mounts[index], which shows a path of the host, is shared.
[[nodiscard]] std::string volume_name(int index, const grpc::Mount& mount);
/// What a container is shown under NAME, on the host: the very mount that was made below `folder`,
/// whatever its source's path leads to by now. Nothing when there is none.
[[nodiscard]] std::optional<std::string> shared_mount(const std::string& folder,
                                                      const std::string& container_id,
                                                      const std::string& name);

}  // namespace kata::sandbox
