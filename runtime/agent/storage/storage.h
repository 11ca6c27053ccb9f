// SPDX-License-Identifier: Apache-2.0
//
// What the host asks to be mounted in the guest before a container's own mounts: shared folders,
// memory-backed and block volumes. Several containers may ask for the same one; it goes when the
// last of them does.
#pragma once

#include <string>
#include <vector>

namespace grpc {
class Storage;
}  // namespace grpc

namespace kata::agent {

/// Names of the drivers below, for GuestDetails.
[[nodiscard]] std::vector<std::string> storage_drivers();

class StorageTable {
 public:
  /// `root` is what mount points must be below; "/run" but in tests.
  explicit StorageTable(std::string root = "/run") : root_(std::move(root)) {}
  StorageTable(const StorageTable&) = delete;
  StorageTable& operator=(const StorageTable&) = delete;

  /// Mounts it, or counts one more user of the mount point. Throws Error and leaves nothing behind.
  void add(const grpc::Storage& storage);
  /// One user fewer; unmounts after the last. Errors are logged.
  void release(const std::string& mount_point);
  /// New options for memory-backed volumes that are mounted (their size follows hot-plugged
  /// memory). Throws Error.
  void remount(const grpc::Storage& storage);
  /// Unmounts everything, last mounted first. Errors are logged.
  void clear();

 private:
  struct Mounted {
    std::string mount_point;
    int users = 1;
    bool is_mount = true;  // "local" is a folder only
  };
  std::vector<Mounted>::iterator find(const std::string& mount_point);
  std::string checked_mount_point(const grpc::Storage& storage) const;

  std::string root_;
  std::vector<Mounted> mounted_;
};

}  // namespace kata::agent
