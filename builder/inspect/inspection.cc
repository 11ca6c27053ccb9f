// SPDX-License-Identifier: Apache-2.0
#include "builder/inspect/inspection.h"

#include <filesystem>
#include <utility>

#include "builder/inspect/initrd.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/elf.h"
#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/path.h"

namespace kata::inspect {
namespace {

/// The agent as katabuild installs it: a service's program, or the first process.
std::optional<AgentFacts> find_agent(const Content& content) {
  for (const char* path : {"usr/bin/kata-agent", "init", "sbin/init", "usr/sbin/init"}) {
    const std::string file = resolve(content, path).value_or("");
    const auto captured = content.captured.find(file);
    if (captured == content.captured.end()) continue;
    const ImageEntry& entry = content.entries.at(file);
    AgentFacts agent;
    agent.path = "/" + file;
    agent.size = entry.entry.size;
    agent.sha256 = content.bytes[*entry.bytes].sha256;
    try {
      const std::optional<pipeline::ElfFile> elf = pipeline::read_elf(captured->second);
      if (!elf) continue;  // a script, say
      agent.build_id = pipeline::gnu_build_id(*elf);
    } catch (const Error&) {
      continue;  // cut off: no program that runs
    }
    return agent;
  }
  return std::nullopt;
}

/// The SBOM's packages besides the image itself, with the files that it says they hold.
Packages packages_of_sbom(const Json& text) {
  Packages packages;
  try {
    std::map<std::string, std::string> files;
    for (const Json& file : text.value("files", Json::array())) {
      files[file.at("SPDXID").get<std::string>()] =
          clean_path(join_path("/", file.at("fileName").get<std::string>())).substr(1);
    }
    std::map<std::string, std::size_t> places;
    bool is_first = true;
    for (const Json& entry : text.at("packages")) {
      if (std::exchange(is_first, false)) continue;
      Package package;
      package.component.name = foreign_line(entry.at("name").get<std::string>(), 300);
      package.component.version = foreign_line(entry.value("versionInfo", ""), 300);
      package.component.license = entry.value("licenseDeclared", "");
      if (package.component.license == "NOASSERTION") package.component.license.clear();
      package.component.relation = "CONTAINS";
      for (const Json& reference : entry.value("externalRefs", Json::array())) {
        if (reference.value("referenceType", "") == "purl")
          package.component.purl = reference.value("referenceLocator", "");
      }
      places[entry.at("SPDXID").get<std::string>()] = packages.list.size();
      packages.list.push_back(std::move(package));
    }
    for (const Json& relation : text.value("relationships", Json::array())) {
      const auto place = places.find(relation.at("spdxElementId").get<std::string>());
      const auto file = files.find(relation.at("relatedSpdxElement").get<std::string>());
      if (place == places.end() || file == files.end()) continue;
      packages.list[place->second].files.push_back(file->second);
    }
    if (!packages.list.empty()) packages.source = "the SBOM beside the image";
  } catch (const Json::exception& error) {
    packages = {};
    packages.trouble.push_back(fmt::format("the SBOM beside the image: {}", error.what()));
  }
  return packages;
}

std::map<std::string, std::size_t> owners_of(const Content& content, const Packages& packages) {
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < packages.list.size(); ++i) {
    for (const std::string& file : packages.list[i].files) {
      // a database says /bin/ls where the image has bin -> usr/bin
      const std::size_t slash = file.find_last_of('/');
      const std::optional<std::string> folder =
          slash == std::string::npos ? std::string() : resolve(content, file.substr(0, slash));
      if (!folder) continue;
      const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
      const std::string path = folder->empty() ? name : *folder + "/" + name;
      const auto found = content.entries.find(path);
      if (found != content.entries.end() && found->second.bytes) owners.emplace(path, i);
    }
  }
  return owners;
}

void note_beside(const Beside& beside, const char* what, std::vector<std::string>& notes) {
  if (beside.fit == Fit::other_file || beside.fit == Fit::unreadable) {
    notes.push_back(fmt::format("the {} beside the image, {}, does not fit it: {}; it is not used",
                                what, base_name(beside.path), beside.reason));
  }
}

}  // namespace

Inspection inspect_image(const std::string& path, CommandRunner& runner) {
  Inspection found;
  found.path = path;
  if (!begins_as_initrd(path)) {
    throw_error(Code::invalid_argument,
                "inspect {}: it is no initrd (a cpio archive of the format newc, compressed or "
                "not)",
                path);
  }
  found.sha256 = pipeline::sha256_of_file(path);
  found.size = std::filesystem::file_size(path);
  found.content = read_initrd(path, found.work.path());
  found.distribution = distribution_of(found.content);
  found.manifest = manifest_beside(path, found.sha256);
  found.sbom = sbom_beside(path, found.sha256);
  note_beside(found.manifest, "manifest", found.notes);
  note_beside(found.sbom, "SBOM", found.notes);
  found.packages = packages_of(found.content, found.work.path(), runner);
  if (found.packages.list.empty() && found.sbom.fit == Fit::fits) {
    std::vector<std::string> trouble = std::move(found.packages.trouble);
    found.packages = packages_of_sbom(found.sbom.text);
    for (std::string& text : trouble) found.packages.trouble.push_back(std::move(text));
  }
  for (const std::string& text : found.packages.trouble) found.notes.push_back(text);
  found.owners = owners_of(found.content, found.packages);
  found.agent = find_agent(found.content);
  if (found.manifest.fit == Fit::fits)
    found.kernel_parameters = found.manifest.text.value("kernel_params", "");
  if (found.content.climbing > 0)
    found.notes.push_back(
        fmt::format("{} names hold \"..\"; a kernel follows them", found.content.climbing));
  return found;
}

}  // namespace kata::inspect
