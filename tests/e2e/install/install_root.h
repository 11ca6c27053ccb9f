// SPDX-License-Identifier: Apache-2.0
//
// An empty system that dnf installs into and that programs run in, with namespaces of its own for
// mounts, processes and the network: whatever a test does, the end of scope ends all of it, and
// nothing but loopback can be reached.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "tests/support/web_server.h"

namespace kata::test {

/// Namespaces of this process's own until the end of scope, which ends every process in them and
/// every mount below `folder`.
class OwnNamespaces {
 public:
  explicit OwnNamespaces(std::string folder);
  ~OwnNamespaces();
  OwnNamespaces(const OwnNamespaces&) = delete;
  OwnNamespaces& operator=(const OwnNamespaces&) = delete;

 private:
  std::string folder_;
  std::vector<std::pair<UniqueFd, int>> outside_;  ///< the namespaces to return to
  ChildProcess first_;                             ///< process 1
};

class InstallRoot {
 public:
  /// Installs bash and coreutils from the base repository of install_shelf(); `state` of the Kata
  /// repository ("previous", "current") is served.
  explicit InstallRoot(const std::string& state, const std::string& release = "el9");
  /// Serves another state from now on.
  void serve(const std::string& state) const;
  /// Where the Kata repository is served from.
  [[nodiscard]] std::string served() const { return work_.path() + "/www/kata"; }
  /// dnf with this root, and the repositories in its /etc/yum.repos.d.
  CommandResult dnf(const std::vector<std::string>& arguments) const;
  /// rpm with this root.
  CommandResult rpm(const std::vector<std::string>& arguments) const;
  /// A program in this root, at most two minutes. What it leaves running may keep its outputs.
  CommandResult run(const std::vector<std::string>& arguments) const;
  /// The path of the root's `path` from outside.
  [[nodiscard]] std::string path(const std::string& path = "") const { return root() + path; }
  /// Every file and link, but those of rpm and dnf, with what it holds (big ones by their size).
  [[nodiscard]] std::map<std::string, std::string> files() const;
  /// Installs kata-release from the repository's address, signature checked; the key is imported
  /// before, unless it shall be unknown.
  CommandResult install_release(bool import_key = true) const;
  /// Writes a bundle with a busybox root in /srv/bundle whose process is `arguments`.
  void write_bundle(const std::vector<std::string>& arguments) const;

 private:
  [[nodiscard]] std::string root() const { return work_.path() + "/root"; }
  CommandResult run_outside(const std::vector<std::string>& arguments) const;

  std::string release_;
  std::string shelf_;
  TempDir work_;
  OwnNamespaces namespaces_;
  std::unique_ptr<WebServer> server_;
};

}  // namespace kata::test
