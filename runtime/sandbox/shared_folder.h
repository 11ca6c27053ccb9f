// SPDX-License-Identifier: Apache-2.0
//
// The folder that the guest sees: each container's root file system and volumes are bind-mounted
// below it on the host, and appear in the guest below kGuestShared. The guest is a stranger with
// root's rights on what it sees, so it sees a read-only twin of the folder that the host works in.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace kata::sandbox {

/// Where the guest mounts the shared folder (upstream's path, so that its agent works with it).
inline constexpr std::string_view kGuestShared = "/run/kata-containers/shared/containers";
/// The mount tag of the virtio-fs or 9p device.
inline constexpr std::string_view kShareTag = "kataShared";

/// What a guest may do to what it is shown.
enum class Access {
  read_write,
  read_only,              ///< the mount itself; what is mounted below keeps its own
  recursively_read_only,  ///< all of it
};

class SharedFolder {
 public:
  /// Makes "shared", the twin for the guest, and what belongs to it below `folder`. Mounts travel
  /// into the twin, and from there into virtiofsd's mount namespace. Throws Error.
  explicit SharedFolder(const std::string& folder);
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  /// Detaches everything below and removes the folders.
  ~SharedFolder();

  /// What virtiofsd or QEMU serves to the guest.
  [[nodiscard]] const std::string& path() const noexcept { return shared_; }
  /// Binds `source` (a folder, with what is mounted below it, or a file) as CONTAINER/NAME; the
  /// guest's path of it. A container that is made anew gets a folder of another name, since the
  /// guest remembers for a moment what was in the old one. No device file below it can be opened
  /// through it, and when asked for it is read-only, for the guest's servers too. Throws Error.
  std::string add(const std::string& source, const std::string& container_id,
                  const std::string& name, Access access);
  /// The same for an overlay whose layers are folders of the host: `options` as mount(2) takes
  /// them.
  std::string add_overlay(const std::string& options, const std::string& container_id,
                          const std::string& name);
  /// Detaches everything of one container.
  void remove(const std::string& container_id);

 private:
  std::string place(const struct stat& like, const std::string& container_id,
                    const std::string& name, Access access, const std::function<void()>& stage);
  [[nodiscard]] std::string folder_of(const std::string& container_id) const;

  std::string shared_;   ///< read-only, receives what is mounted below mounts_
  std::string mounts_;   ///< the host's side
  std::string staging_;  ///< where a mount gets its flags before any copy of it is made
  std::map<std::string, unsigned> removals_;  ///< how often a container of this id was removed
};

}  // namespace kata::sandbox
