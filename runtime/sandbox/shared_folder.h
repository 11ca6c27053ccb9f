// SPDX-License-Identifier: Apache-2.0
//
// The folder that the guest sees: each container's root file system and volumes are bind-mounted
// below it on the host, and appear in the guest below kGuestShared.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kata::sandbox {

/// Where the guest mounts the shared folder (upstream's path, so that its agent works with it).
inline constexpr std::string_view kGuestShared = "/run/kata-containers/shared/containers";
/// The mount tag of the virtio-fs or 9p device.
inline constexpr std::string_view kShareTag = "kataShared";

class SharedFolder {
 public:
  /// Makes `path` a mount point of its own with shared propagation, so that what is mounted below
  /// it later reaches virtiofsd's mount namespace. Throws Error.
  explicit SharedFolder(std::string path);
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  /// Detaches everything below and removes the folder.
  ~SharedFolder();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Binds `source` (a folder, with what is mounted below it, or a file) as CONTAINER/NAME; the
  /// guest's path of it. A container that is made anew gets a folder of another name, since the
  /// guest remembers for a moment what was in the old one. The mount is read-only on the host too
  /// when asked for. Throws Error.
  std::string add(const std::string& source, const std::string& container_id,
                  const std::string& name, bool read_only);
  /// Detaches everything of one container.
  void remove(const std::string& container_id);

 private:
  [[nodiscard]] std::string folder_of(const std::string& container_id) const;

  std::string path_;
  std::map<std::string, unsigned> removals_;  ///< how often a container of this id was removed
};

}  // namespace kata::sandbox
