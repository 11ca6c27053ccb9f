// SPDX-License-Identifier: Apache-2.0
#include "builder/build/provenance.h"

#include <set>

#include "builder/pipeline/digest.h"
#include "builder/recipe/component.h"
#include "builder/recipe/show_recipe.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::build {
namespace {

constexpr const char* kBuildType = "urn:katabuild:build:1";

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// The recipes with the paths of this machine made relative to source and output.
Json parameters(const Stages& stages) {
  const Json recipes{{"kernel", recipe::to_json(stages.kernel)},
                     {"image", recipe::to_json(stages.image)},
                     {"packages", recipe::to_json(stages.packages)},
                     {"repository", recipe::to_json(stages.repository)}};
  Json result = recipes;
  // where the key is, is nobody's business
  result["packages"].erase("signing");
  result["repository"].erase("signing");
  std::string text = result.dump();
  for (const std::string& folder : {stages.output, stages.source}) {
    replace_all(text, "\"" + folder + "\"", "\".\"");
    replace_all(text, folder + "/", "");
  }
  return parse_json(text, "the recipes");
}

void add_components(const Json& list, std::set<std::string>& seen, Json& dependencies) {
  for (const recipe::Component& component : recipe::components_from_json(list)) {
    const std::string id = component.purl.empty() ? component.name : component.purl;
    if (!seen.insert(id + component.sha256).second) continue;
    Json entry{{"name", component.name + " " + component.version}};
    if (!component.purl.empty()) entry["uri"] = component.purl;
    if (!component.sha256.empty()) entry["digest"] = {{"sha256", component.sha256}};
    dependencies.push_back(std::move(entry));
  }
}

Json dependencies(const Materials& materials, Json& tools) {
  Json list = Json::array();
  Json source{{"name", "source tree"}, {"digest", {{"sha256", materials.source_sha256}}}};
  if (!materials.source_commit.empty()) source["digest"]["gitCommit"] = materials.source_commit;
  list.push_back(std::move(source));
  std::set<std::string> seen;
  const Json kernel = read_json_file(materials.kernel_manifest);
  if (kernel.contains("components")) add_components(kernel.at("components"), seen, list);
  for (const char* kind : {"fragments", "patches"}) {
    for (const Json& file : kernel.value(kind, Json::array()))
      list.push_back({{"name", file.at("name")}, {"digest", {{"sha256", file.at("sha256")}}}});
  }
  tools = kernel.value("tools", Json::object());
  if (path_exists(materials.programs_manifest)) {
    const Json programs = read_json_file(materials.programs_manifest);
    for (const auto& [name, program] : programs.at("programs").items())
      add_components(program.at("components"), seen, list);
  }
  return list;
}

}  // namespace

std::string provenance(const Stages& stages, const Materials& materials,
                       const std::vector<Output>& subjects) {
  Json subject = Json::array();
  for (const Output& output : subjects)
    subject.push_back({{"name", output.path}, {"digest", {{"sha256", output.sha256}}}});
  Json tools;
  Json resolved = dependencies(materials, tools);
  const Json statement{
      {"_type", "https://in-toto.io/Statement/v1"},
      {"subject", std::move(subject)},
      {"predicateType", "https://slsa.dev/provenance/v1"},
      {"predicate",
       {{"buildDefinition",
         {{"buildType", kBuildType},
          {"externalParameters", parameters(stages)},
          {"internalParameters", {{"tools", std::move(tools)}}},
          {"resolvedDependencies", std::move(resolved)}}},
        {"runDetails",
         {{"builder",
           {{"id", "urn:katabuild:builder"}, {"version", {{"katabuild", KATA_VERSION}}}}}}}}}};
  return statement.dump(1) + "\n";
}

}  // namespace kata::build
