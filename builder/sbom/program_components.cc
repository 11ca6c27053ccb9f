// SPDX-License-Identifier: Apache-2.0
#include "builder/sbom/program_components.h"

#include <algorithm>

#include "builder/pipeline/digest_memory.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::sbom {

std::vector<recipe::Component> program_components(const std::string& path,
                                                  const pipeline::Cache& cache) {
  const std::string manifest = join_path(parent_path(path), "programs.json");
  const auto text = read_file_if_exists(manifest);
  if (!text) return {};
  try {
    const Json programs = parse_json(*text, manifest).at("programs");
    const auto entry = programs.find(std::string(base_name(path)));
    if (entry == programs.end() || entry->at("sha256") != pipeline::remembered_sha256(path, cache))
      return {};
    return recipe::components_from_json(entry->at("components"));
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "read {}: it is no list of programs: {}: remove it",
                manifest, error.what());
  }
}

void merge_components(std::vector<recipe::Component>& list,
                      const std::vector<recipe::Component>& more) {
  list.insert(list.end(), more.begin(), more.end());
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace kata::sbom
