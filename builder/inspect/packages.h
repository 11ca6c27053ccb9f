// SPDX-License-Identifier: Apache-2.0
//
// The packages that an image was made of, by the databases that package managers left in it.
#pragma once

#include <string>
#include <vector>

#include "builder/inspect/content.h"
#include "builder/recipe/component.h"
#include "runtime/base/command.h"

namespace kata::inspect {

struct Package {
  recipe::Component component;     ///< name, version, licence, package URL
  std::string architecture;        ///< may be empty
  std::vector<std::string> files;  ///< by the database, without a leading slash; folders too
};

struct Packages {
  std::vector<Package> list;         ///< by name
  std::string source;                ///< for people: "the dpkg database in the image"; may be empty
  std::vector<std::string> trouble;  ///< databases that could not be read, and why
};

/// The vendor in package URLs and the name for people, by the image's os-release.
struct Distribution {
  std::string id = "linux";
  std::string title;
};
[[nodiscard]] Distribution distribution_of(const Content& content);

/// By the image's dpkg or rpm database; the latter is read by the program rpm, in a process of its
/// own. A database that cannot be read is trouble, no Error. `work` is a folder to use.
[[nodiscard]] Packages packages_of(const Content& content, const std::string& work,
                                   CommandRunner& runner);

}  // namespace kata::inspect
