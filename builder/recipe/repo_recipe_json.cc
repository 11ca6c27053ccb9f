// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/repo_recipe.h"

namespace kata::recipe {
namespace {

Json channel_json(const RepoChannel& channel) {
  return Json{{"release", channel.release},
              {"architectures", channel.architectures},
              {"pools", channel.pools},
              {"compression", channel.compression == MetadataCompression::gzip ? "gzip" : "zstd"}};
}

Json advisory_json(const Advisory& advisory) {
  Json references = Json::array();
  for (const AdvisoryReference& reference : advisory.references)
    references.push_back({{"url", reference.url}, {"title", reference.title}});
  return Json{{"id", advisory.id},
              {"type", advisory.type},
              {"severity", advisory.severity},
              {"title", advisory.title},
              {"description", advisory.description},
              {"solution", advisory.solution},
              {"from", advisory.from},
              {"issued", advisory.issued},
              {"updated", advisory.updated},
              {"reboot_suggested", advisory.reboot_suggested},
              {"cves", advisory.cves},
              {"references", references},
              {"releases", advisory.releases},
              {"packages", advisory.packages}};
}

}  // namespace

Json to_json(const RepoRecipe& recipe) {
  Json channels = Json::array();
  for (const RepoChannel& channel : recipe.channels) channels.push_back(channel_json(channel));
  Json advisories = Json::array();
  for (const Advisory& advisory : recipe.advisories) advisories.push_back(advisory_json(advisory));
  Json groups = Json::array();
  for (const PackageGroup& group : recipe.groups) {
    groups.push_back({{"id", group.id},
                      {"name", group.name},
                      {"description", group.description},
                      {"default", group.is_default},
                      {"mandatory", group.mandatory},
                      {"packages", group.defaults},
                      {"optional", group.optional}});
  }
  Json json{{"name", recipe.name},
            {"title", recipe.title},
            {"base_url", recipe.base_url},
            {"channels", channels},
            {"advisories", advisories},
            {"groups", groups},
            {"keep_versions", recipe.keep_versions},
            {"keep_snapshots", recipe.keep_snapshots},
            {"timestamp", recipe.timestamp}};
  if (recipe.signing) json["signing"] = to_json(*recipe.signing);
  return json;
}

}  // namespace kata::recipe
