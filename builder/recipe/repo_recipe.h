// SPDX-License-Identifier: Apache-2.0
//
// What a repository's recipe and its advisories say, as plain values. docs/recipe.md describes the
// file format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/signing_recipe.h"
#include "runtime/base/json.h"

namespace kata::recipe {

enum class MetadataCompression { gzip, zstd };

/// The repositories of one release of the distribution, one per architecture.
struct RepoChannel {
  std::string release;                                  ///< el7 ... el10
  std::vector<std::string> architectures = {"x86_64"};  ///< x86_64, aarch64, src
  std::vector<std::string> pools;  ///< folders with packages; a build adds its own
  MetadataCompression compression = MetadataCompression::gzip;
};

/// A comps group: what `dnf group install ID` installs.
struct PackageGroup {
  std::string id;
  std::string name;
  std::string description;
  bool is_default = false;
  std::vector<std::string> mandatory;
  std::vector<std::string> defaults;
  std::vector<std::string> optional;
};

struct AdvisoryReference {
  std::string url;
  std::string title;
};

/// What `dnf updateinfo` shows, and `dnf update --advisory` and `--cve` choose by.
struct Advisory {
  std::string id;
  std::string type;  ///< security, bugfix, enhancement, newpackage
  std::string severity = "None";
  std::string title;
  std::string description;
  std::string solution;
  std::string from;
  std::int64_t issued = 0;
  std::int64_t updated = 0;  ///< 0: never
  bool reboot_suggested = false;
  std::vector<std::string> cves;
  std::vector<AdvisoryReference> references;
  std::vector<std::string> releases;  ///< empty: all
  std::vector<std::string> packages;  ///< NAME-VERSION-RELEASE, the dist tag may be left out
};

struct RepoRecipe {
  std::string file;  ///< the recipe itself, for messages
  std::string name;
  std::string title;
  std::string base_url;  ///< without a slash at its end
  std::optional<SigningRecipe> signing;
  std::vector<RepoChannel> channels;
  std::vector<Advisory> advisories;
  std::vector<PackageGroup> groups;
  std::uint64_t keep_versions = 0;   ///< newest versions of a package that stay; 0: all
  std::uint64_t keep_snapshots = 5;  ///< newest snapshots that stay
  std::int64_t timestamp = 0;        ///< 0: the newest package's build time
};

/// All values of the recipe; nothing secret is among them.
[[nodiscard]] Json to_json(const RepoRecipe& recipe);

}  // namespace kata::recipe
