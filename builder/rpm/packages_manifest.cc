// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/packages_manifest.h"

#include <optional>

#include "builder/pipeline/digest_memory.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::rpm {

using recipe::RpmArtifact;

PackagesManifest::PackagesManifest(std::string folder) : folder_(std::move(folder)) {
  const std::string path = join_path(folder_, kManifestName);
  const std::optional<std::string> text = read_file_if_exists(path);
  if (!text) return;
  try {
    const Json manifest = parse_json(*text, path);
    for (const Json& package : manifest.at("packages")) {
      RpmArtifact artifact;
      artifact.name = package.at("name").get<std::string>();
      artifact.release = package.at("release").get<std::string>();
      artifact.arch = package.at("arch").get<std::string>();
      artifact.file = {package.at("file").get<std::string>(),
                       package.at("sha256").get<std::string>(),
                       package.at("size").get<std::uint64_t>()};
      artifact.sbom = package.at("sbom").get<std::string>();
      Entry& entry = entries_[{artifact.name, artifact.release}];
      entry.inputs_sha256 = package.at("inputs_sha256").get<std::string>();
      entry.files.push_back(std::move(artifact));
    }
  } catch (const Json::exception&) {
    entries_.clear();  // not ours: everything is built anew
  } catch (const Error& error) {
    if (error.code() != Code::invalid_argument) throw;
    entries_.clear();
  }
}

std::vector<RpmArtifact> PackagesManifest::find(const std::string& name, const std::string& release,
                                                const std::string& inputs_sha256,
                                                const pipeline::Cache& cache) const {
  const auto found = entries_.find({name, release});
  if (found == entries_.end() || found->second.inputs_sha256 != inputs_sha256) return {};
  std::vector<RpmArtifact> files = found->second.files;
  for (RpmArtifact& each : files) {
    each.file.path = join_path(folder_, each.file.path);
    each.sbom = join_path(folder_, each.sbom);
    each.up_to_date = true;
    if (!path_exists(each.file.path) || !path_exists(each.sbom) ||
        pipeline::remembered_sha256(each.file.path, cache) != each.file.sha256)
      return {};
  }
  return files;
}

void PackagesManifest::replace(const std::string& name, const std::string& release,
                               const std::string& inputs_sha256,
                               const std::vector<RpmArtifact>& made) {
  Entry& entry = entries_[{name, release}];
  entry = {inputs_sha256, made};
  const std::size_t prefix = join_path(folder_, "/").size();
  for (RpmArtifact& each : entry.files) {
    each.file.path = each.file.path.substr(prefix);
    each.sbom = each.sbom.substr(prefix);
  }
}

std::vector<RpmArtifact> PackagesManifest::all() const {
  std::vector<RpmArtifact> files;
  for (const auto& [key, entry] : entries_) {
    for (RpmArtifact each : entry.files) {
      each.file.path = join_path(folder_, each.file.path);
      each.sbom = join_path(folder_, each.sbom);
      files.push_back(std::move(each));
    }
  }
  return files;
}

std::string PackagesManifest::text(const std::string& fingerprint) const {
  Json packages = Json::array();
  for (const auto& [key, entry] : entries_) {
    for (const RpmArtifact& each : entry.files) {
      packages.push_back({{"name", each.name},
                          {"release", each.release},
                          {"arch", each.arch},
                          {"file", each.file.path},
                          {"sha256", each.file.sha256},
                          {"size", each.file.size},
                          {"sbom", each.sbom},
                          {"inputs_sha256", entry.inputs_sha256}});
    }
  }
  return Json{{"kind", "packages"}, {"signed_by", fingerprint}, {"packages", packages}}.dump(2) +
         "\n";
}

}  // namespace kata::rpm
