// SPDX-License-Identifier: Apache-2.0
//
// The namespaces of a relay. Engines enter those of the pid that `create` leaves behind: podman cp
// and podman top its mount namespace, the next container of a pod the others. What they find must
// be the container's, and never the host's.
#pragma once

#include <string>
#include <vector>

#include "oci.pb.h"
#include "runtime/base/fd.h"

namespace kata::cli {

struct RelayNamespace {
  int flag = 0;      ///< CLONE_NEW*
  std::string path;  ///< the one to join; empty: a new one
};

/// Network, pid, ipc and uts as config.json has them; a new one also where the container shares
/// the guest's own. The mount namespace is made last: see relay_view.h.
[[nodiscard]] std::vector<RelayNamespace> relay_namespaces(const grpc::Spec& spec);

/// While it lives, children of this process are started in another pid namespace.
class PidNamespaceOfChildren {
 public:
  /// Joins the namespace at `path`. Throws Error.
  explicit PidNamespaceOfChildren(const std::string& path);
  PidNamespaceOfChildren(const PidNamespaceOfChildren&) = delete;
  PidNamespaceOfChildren& operator=(const PidNamespaceOfChildren&) = delete;
  /// Children are ordinary ones again, if the kernel lets them: root of a user namespace has no
  /// way back to the host's pid namespace.
  ~PidNamespaceOfChildren();

 private:
  UniqueFd own_;
};

}  // namespace kata::cli
