// SPDX-License-Identifier: Apache-2.0
//
// The lock file of an image's base: every package that was chosen, by digest, so that the next
// build takes the same ones, whatever the repositories hold by then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/component.h"
#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/base/lock_choice.h"

namespace kata::rootfs {

struct LockedPackage {
  std::string name;
  std::string version;     ///< Debian's, or EPOCH:VERSION-RELEASE without an epoch of 0
  std::string arch;        ///< "amd64", "x86_64", "noarch"
  std::string repository;  ///< the recipe's id of it; empty: not known
  std::string file;        ///< its name, without folders
  std::string sha256;
  std::uint64_t size = 0;
  std::string url;  ///< from where it can be had

  bool operator==(const LockedPackage&) const = default;
};

struct PackageLock {
  std::string base_sha256;              ///< of what the recipe says about the base
  std::string image;                    ///< "sha256:..." of a container image; empty: packages
  std::vector<LockedPackage> packages;  ///< by name, then architecture
};

/// The lock file of the recipe: what the user names, else NAME.lock beside NAME.yaml.
[[nodiscard]] std::string lock_file_of(const recipe::ImageRecipe& recipe, const LockChoice& choice);
/// Digest of everything in the recipe that decides which packages are chosen.
[[nodiscard]] std::string base_digest(const recipe::ImageBase& base);
/// The lock that the build has to follow; nothing when it has to choose anew: there is none, it is
/// of another base, or the user says so. Throws Error for a damaged file, and when a lock
/// is demanded and there is none that fits.
[[nodiscard]] std::optional<PackageLock> read_lock(const recipe::ImageRecipe& recipe,
                                                   const LockChoice& choice);
/// Writes it, or leaves a file with these bytes. False when the folder cannot be written to and the
/// user has not named the file. Throws Error.
[[nodiscard]] bool write_lock(const recipe::ImageRecipe& recipe, const LockChoice& choice,
                              const PackageLock& lock);
/// Sorts, and drops what is there twice.
void normalize(PackageLock& lock);
/// What decides the installed tree: names and digests of all packages.
[[nodiscard]] std::string packages_text(const PackageLock& lock);

}  // namespace kata::rootfs
