// SPDX-License-Identifier: Apache-2.0
//
// One repository on disk: RELEASE/ARCHITECTURE below the root.
//
//   Packages/X/*.rpm         every package that a snapshot names, with its SBOM; a file never
//   changes snapshots/TIME.NUMBER/   repodata, index.html, SHA256SUMS, a link to Packages; never
//   changes frozen/NAME/             the same, kept until somebody removes it latest a link to the
//   newest snapshot repodata                 a link to latest/repodata: this folder, too, is a
//   repository mirrorlist               the newest snapshot's URL: what clients ask for first
//
// A reader resolves `mirrorlist` once and then reads from a folder that never changes, so a publish
// cannot come between its requests. Everything new is made under a name that begins with a dot and
// renamed when it is complete.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kata::repo {

/// Location and sha256 of a snapshot's packages.
using PackageSums = std::unordered_map<std::string, std::string>;

class ChannelFolder {
 public:
  ChannelFolder(const std::string& root, std::string release, std::string architecture);
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::string& release() const noexcept { return release_; }
  [[nodiscard]] const std::string& architecture() const noexcept { return architecture_; }
  /// "el9/x86_64".
  [[nodiscard]] std::string name() const { return release_ + "/" + architecture_; }

  /// The folder that `latest` names; nothing before the first publish.
  [[nodiscard]] std::optional<std::string> latest() const;
  /// Folders of the snapshots, oldest first.
  [[nodiscard]] std::vector<std::string> snapshots() const;
  [[nodiscard]] std::vector<std::string> frozen_names() const;
  [[nodiscard]] std::string frozen_path(const std::string& name) const;
  /// What all snapshots and frozen ones name. Throws Error.
  [[nodiscard]] PackageSums all_sums() const;

  /// Removes what a killed publish left. Call with the root's lock held.
  void remove_leftovers() const;
  /// Copies a package in as `location`. Throws Error, also when the copy has another digest.
  /// The SBOM beside it (NAME.rpm.spdx.json), if there is one, goes along.
  void add_package(const std::string& from, const std::string& location, const std::string& sha256,
                   std::int64_t mtime) const;
  /// Makes a snapshot of `files` (names below it, and bytes); returns its folder. Throws Error.
  [[nodiscard]] std::string add_snapshot(
      const std::vector<std::pair<std::string, std::string>>& files, std::int64_t timestamp) const;
  /// Lets `latest` and `mirrorlist` name the snapshot in `folder`. Throws Error.
  void switch_to(const std::string& folder, const std::string& base_url) const;
  /// Keeps a copy of the snapshot in `folder` as `name` for good. Throws Error.
  void freeze(const std::string& folder, const std::string& name) const;
  /// Removes all but the `keep` newest snapshots, and packages that nothing names. Throws Error.
  void remove_old(std::uint64_t keep) const;

 private:
  void add_sbom(const std::string& from, const std::string& to) const;

  std::string path_;
  std::string release_;
  std::string architecture_;
};

/// Where the SBOM of the package at `path` is, if it has one.
[[nodiscard]] std::string sbom_path(const std::string& path);
/// Names of the files in a snapshot's folder `build`, sorted, without those of their signatures.
[[nodiscard]] std::vector<std::string> attachments_in(const std::string& snapshot);

/// Writes `text` to `path` by rename, unless it holds these bytes already. Throws Error.
void replace_file(const std::string& path, std::string_view text);

}  // namespace kata::repo
