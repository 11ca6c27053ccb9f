// SPDX-License-Identifier: Apache-2.0
//
// What a package recipe says: which packages, for which releases, from which programs and guest,
// signed by whom. Every path is absolute. docs/recipe.md describes the file format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/signing_recipe.h"
#include "runtime/base/json.h"

namespace kata::recipe {

/// What kata-release-elN puts into /etc/yum.repos.d.
struct RepositoryRecipe {
  std::string id = "kata";
  std::string name = "Kata Containers for Oracle Linux";
  std::string baseurl;  ///< "RELEASE" in it becomes el7, el8, ...; $basearch is left to dnf
};

/// Requires, Recommends and so on: the lines by release, "all" among them.
using RelationLines = std::map<std::string, std::vector<std::string>>;

struct PackageEntry {
  std::string name;
  std::vector<std::string> releases;               ///< those it is built for
  std::map<std::string, RelationLines> relations;  ///< by key: "requires", "provides", ...
};

struct PackageRecipe {
  std::string file;
  std::string name;
  std::string version;
  std::string release = "1";  ///< RPM's Release without the dist tag
  std::string packager;
  std::string vendor;
  std::string url;
  std::int64_t timestamp = 0;
  std::string templates;  ///< the folder with the spec templates
  std::vector<std::string> releases;
  std::vector<PackageEntry> packages;
  std::string source;    ///< the project's tree
  std::string programs;  ///< folder with kata-runtime, containerd-shim-kata-v2 and kata-agent
  std::string kernel;    ///< a kernel-manifest.json
  std::string
      kernel_source;  ///< the kernel's own source, for kata-kernel's source RPM; may be empty
  std::string image;  ///< an initrd, its manifest beside it
  std::vector<std::string> kernel_images = {"vmlinux", "vmlinuz"};
  bool from_source = false;
  std::optional<RepositoryRecipe> repository;
  std::optional<SigningRecipe> signing;
};

/// The packages there are templates for; `kata-release` stands for kata-release-elN.
[[nodiscard]] const std::vector<std::string>& known_packages();
/// Releases of Oracle Linux that packages can be built for: el7, el8, el9, el10.
[[nodiscard]] const std::vector<std::string>& known_releases();
/// The entry's lines of `relation` for one release: those for all, then its own. Lines that the
/// release's rpm cannot read and that may be left out (Recommends on el7) are left out.
[[nodiscard]] std::vector<std::string> relation_lines(const PackageEntry& entry,
                                                      const std::string& relation,
                                                      const std::string& release);

/// Reads a package recipe; paths as in read_kernel_recipe. Throws Error "FILE:LINE:COLUMN: what".
[[nodiscard]] PackageRecipe read_package_recipe(const std::string& path);
/// All values of the recipe; nothing secret is among them.
[[nodiscard]] Json to_json(const PackageRecipe& recipe);

}  // namespace kata::recipe
