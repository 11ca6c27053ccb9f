// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/shared_mount.h"

#include <fmt/core.h>

#include <filesystem>

#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::sandbox {

std::string volume_name(int index, const grpc::Mount& mount) {
  return fmt::format("mounts/{}-{}", index, base_name(clean_path(mount.destination())));
}

std::optional<std::string> shared_mount(const std::string& folder, const std::string& container_id,
                                        const std::string& name) {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(join_path(folder, kMountsFolder), error)) {
    const std::string container = entry.path().filename().string();
    if (container != container_id &&
        !container.starts_with(container_id + std::string(kGeneration)))
      continue;
    std::string path = join_path(entry.path().string(), name);
    if (path_exists(path)) return path;
  }
  return std::nullopt;
}

}  // namespace kata::sandbox
