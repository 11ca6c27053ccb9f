// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/image_sbom.h"

#include <algorithm>

#include "builder/sbom/spdx.h"
#include "runtime/base/path.h"

namespace kata::inspect {
namespace {

/// The agent has no package in an image; its digest tells which one it is.
void add_agent(const Inspection& inspection, std::vector<recipe::Component>& components) {
  if (!inspection.agent) return;
  const auto is_agent = [](const recipe::Component& component) {
    return component.name == "kata-agent";
  };
  if (std::any_of(components.begin(), components.end(), is_agent)) return;
  components.push_back({.name = "kata-agent",
                        .version = "build id " + inspection.agent->build_id,
                        .license = "",
                        .purl = "",
                        .relation = "CONTAINS",
                        .sha256 = inspection.agent->sha256});
}

}  // namespace

std::string image_sbom(const Inspection& inspection) {
  sbom::Subject subject;
  subject.file_name = std::string(base_name(inspection.path));
  subject.name = subject.file_name.substr(0, subject.file_name.find('.', 1));
  if (inspection.manifest.fit == Fit::fits)
    subject.name = inspection.manifest.text.value("name", subject.name);
  subject.version = inspection.sha256.substr(0, 16);
  subject.sha256 = inspection.sha256;
  for (const Package& package : inspection.packages.list)
    subject.components.push_back(package.component);
  // /init of another's image may be anything
  if (inspection.manifest.fit == Fit::fits) add_agent(inspection, subject.components);
  for (const auto& [path, item] : inspection.content.entries) {
    if (!item.bytes) continue;
    const Bytes& bytes = inspection.content.bytes[*item.bytes];
    sbom::File file{"./" + path, bytes.sha1, bytes.sha256};
    if (const auto owner = inspection.owners.find(path); owner != inspection.owners.end())
      file.component = owner->second;
    subject.files.push_back(std::move(file));
    subject.timestamp = std::max(subject.timestamp, item.entry.mtime);
  }
  return sbom::spdx_document(subject);
}

}  // namespace kata::inspect
