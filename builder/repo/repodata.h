// SPDX-License-Identifier: Apache-2.0
//
// A repository's metadata, out and in. It is made in memory, so that it can be compared with what
// is published before anything is written.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "builder/recipe/repo_recipe.h"
#include "builder/repo/metadata_text.h"
#include "builder/repo/package.h"

namespace kata::repo {

/// The files of a repodata folder.
struct Repodata {
  std::vector<std::pair<std::string, std::string>> files;  ///< name and bytes, all but repomd.xml
  std::map<std::string, std::string> records;              ///< type and sha256 of its file
  std::string repomd;
};

/// The texts of a published repository, by type: primary, filelists, other.
using MetadataTexts = std::map<std::string, std::shared_ptr<const MetadataText>>;

struct RepodataOptions {
  recipe::MetadataCompression compression = recipe::MetadataCompression::gzip;
  std::int64_t timestamp = 0;  ///< repomd's revision, and the time of every file it names
  std::string updateinfo{};    ///< updateinfo.xml; empty: none
  std::string comps{};         ///< comps.xml; empty: none
  const MetadataTexts* before = nullptr;  ///< what is published, to take unchanged parts from
};

/// Makes the metadata of `packages`, in their order. The same input gives the same bytes. Throws
/// Error.
[[nodiscard]] Repodata make_repodata(const Packages& packages, const RepodataOptions& options);

/// One entry of repomd.xml.
struct RepomdRecord {
  std::string type;
  std::string location;  ///< below the repository
  std::string sha256;
  std::string open_sha256;  ///< of the content without compression; may be empty
  std::uint64_t size = 0;
};
struct Repomd {
  std::int64_t revision = 0;
  std::vector<RepomdRecord> records;
};
/// Reads the repomd.xml at `path`. Throws Error(data_loss) when it is damaged, or names a file
/// outside of the repository or by another digest than SHA-256.
[[nodiscard]] Repomd read_repomd(const std::string& path);

struct PublishedMetadata {
  Repomd repomd;
  Packages packages;
  MetadataTexts texts;
};
/// Reads the metadata in `folder`/repodata, every file checked against its digest in repomd.xml.
/// Throws Error(data_loss) when anything is missing or damaged.
[[nodiscard]] PublishedMetadata read_published(const std::string& folder);

}  // namespace kata::repo
