// SPDX-License-Identifier: Apache-2.0
//
// Checking packages as a client of the repository would, by the real rpmkeys with a key ring of its
// own: the keys that this machine trusts do not matter.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"

namespace kata::rpm {

/// One thing that is wrong: a file, and why it must not be trusted.
struct Finding {
  std::string path;
  std::string what;
};

struct VerifyRequest {
  std::vector<std::string> paths;  ///< packages, and folders with packages below them
  std::vector<std::string> keys;   ///< public key files; a signature by another key is a finding
  bool digests_only = false;       ///< unsigned packages, and unknown keys, are right
};

struct VerifyReport {
  std::size_t packages = 0;  ///< how many were looked at
  std::vector<Finding> findings;
};

/// Checks every signature and digest of every package; that no two packages have one name, version
/// and architecture but other bytes; and, where a folder has packages.json, that its packages are
/// all there with the digests it says. Throws Error when there is nothing to check, or no key.
[[nodiscard]] VerifyReport verify_packages(const VerifyRequest& request, CommandRunner& runner);

/// What rpmkeys said of one package: empty when all is right. `lines` are its lines about one file.
[[nodiscard]] std::vector<std::string> wrong_checks(const std::vector<std::string>& lines,
                                                    bool digests_only);

}  // namespace kata::rpm
