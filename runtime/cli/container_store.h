// SPDX-License-Identifier: Apache-2.0
//
// The state directory: ROOT/ID is a container's folder, and its existence reserves the id;
// ROOT/ID/state.json is what the command line knows of it between two calls. What the container
// does at the moment, only the sandbox process knows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/process_identity.h"

namespace kata::cli {

struct ContainerRecord {
  std::string id;
  std::string bundle;  ///< absolute
  std::string rootfs;  ///< absolute
  std::map<std::string, std::string> annotations;
  std::string created;  ///< RFC 3339
  std::string owner;
  ProcessIdentity relay;  ///< what engines take for the container's init
  ProcessIdentity shim;   ///< the sandbox process
  std::string sandbox_id;
  std::string sandbox_dir;  ///< where shim.sock and stdio.sock are
  std::string cgroups_path;
  std::string
      sandbox_cgroups_path;  ///< that of the sandbox's first container, whose the machine's is
  bool terminal = false;
  bool complete = false;  ///< false: `create` is still at it, or has died
};

class ContainerStore {
 public:
  /// `root` may be relative and lead over symbolic links (Docker's is below /var/run): the paths
  /// that records keep and that mount tables are searched for have none.
  explicit ContainerStore(const std::string& root);

  [[nodiscard]] const std::string& root() const noexcept { return root_; }
  [[nodiscard]] std::string folder(const std::string& id) const;
  /// Makes ROOT/ID; throws Error(already_exists) when the id is taken.
  void reserve(const std::string& id) const;
  /// Writes state.json, whole or not at all. Throws Error.
  void save(const ContainerRecord& record) const;
  /// The record; nothing when there is no such container or its folder has no state.json. Throws
  /// Error for a bad id or a state.json that cannot be read.
  [[nodiscard]] std::optional<ContainerRecord> find(const std::string& id) const;
  /// As find, but throws Error(not_found) `container "ID" does not exist`, which engines look for.
  [[nodiscard]] ContainerRecord get(const std::string& id) const;
  [[nodiscard]] bool is_reserved(const std::string& id) const;
  /// Ids of all folders, sorted.
  [[nodiscard]] std::vector<std::string> ids() const;
  /// Removes ROOT/ID. Throws Error when something is still mounted below it: what is in there
  /// belongs to others.
  void remove(const std::string& id) const;

 private:
  std::string root_;
};

/// Now, as RFC 3339 with nanoseconds in UTC.
[[nodiscard]] std::string timestamp_now();

}  // namespace kata::cli
