// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/component.h"

namespace kata::recipe {

Json to_json(const std::vector<Component>& components) {
  Json list = Json::array();
  for (const Component& component : components) {
    Json entry{
        {"name", component.name}, {"version", component.version}, {"relation", component.relation}};
    if (!component.license.empty()) entry["license"] = component.license;
    if (!component.purl.empty()) entry["purl"] = component.purl;
    if (!component.sha256.empty()) entry["sha256"] = component.sha256;
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<Component> components_from_json(const Json& list) {
  std::vector<Component> components;
  for (const Json& entry : list) {
    components.push_back({.name = entry.at("name").get<std::string>(),
                          .version = entry.at("version").get<std::string>(),
                          .license = entry.value("license", ""),
                          .purl = entry.value("purl", ""),
                          .relation = entry.at("relation").get<std::string>(),
                          .sha256 = entry.value("sha256", "")});
  }
  return components;
}

}  // namespace kata::recipe
