// SPDX-License-Identifier: Apache-2.0
//
// packages.json in the output folder: which packages were made of which inputs. It spares a second
// run the work, and tells `katabuild verify` what should be there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/pipeline/cache.h"
#include "builder/recipe/artifact.h"
#include "runtime/base/json.h"

namespace kata::rpm {

constexpr const char* kManifestName = "packages.json";

class PackagesManifest {
 public:
  /// Reads the manifest of `folder`; one that is not there, or not ours, is empty.
  explicit PackagesManifest(std::string folder);
  /// What was made of `inputs_sha256` for this package and release, when all of it is still there
  /// and whole; else nothing.
  [[nodiscard]] std::vector<recipe::RpmArtifact> find(const std::string& name,
                                                      const std::string& release,
                                                      const std::string& inputs_sha256,
                                                      const pipeline::Cache& cache) const;
  /// Puts `made` in the place of what the manifest says of this package and release.
  void replace(const std::string& name, const std::string& release,
               const std::string& inputs_sha256, const std::vector<recipe::RpmArtifact>& made);
  /// Every entry, its file's path made absolute.
  [[nodiscard]] std::vector<recipe::RpmArtifact> all() const;
  [[nodiscard]] std::string text(const std::string& fingerprint) const;

 private:
  struct Entry {
    std::string inputs_sha256;
    std::vector<recipe::RpmArtifact> files;  ///< paths relative to the folder
  };
  std::string folder_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

}  // namespace kata::rpm
