// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/updateinfo.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "builder/pipeline/template.h"
#include "builder/repo/createrepo.h"

namespace kata::repo {
namespace {

using recipe::Advisory;

/// "kata-runtime-1.0-1" stands for release 1 and for 1.el9, 1.el8 and the like.
bool names(const std::string& text, const Package& package) {
  const std::string nvr = fmt::format("{}-{}-{}", package.name, package.version, package.release);
  return nvr == text || nvr.starts_with(text + ".el");
}

bool is_for(const Advisory& advisory, const std::string& release) {
  return advisory.releases.empty() || std::find(advisory.releases.begin(), advisory.releases.end(),
                                                release) != advisory.releases.end();
}

std::string date_time(std::int64_t seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

cr_UpdateCollectionPackage* listed(const Package& package) {
  cr_UpdateCollectionPackage* entry = cr_updatecollectionpackage_new();
  const auto keep = [&](const std::string& text) {
    return g_string_chunk_insert(entry->chunk, text.c_str());
  };
  entry->name = keep(package.name);
  entry->version = keep(package.version);
  entry->release = keep(package.release);
  entry->epoch = keep(package.epoch.empty() ? "0" : package.epoch);
  entry->arch = keep(package.arch);
  entry->filename = keep(package.location.substr(package.location.rfind('/') + 1));
  entry->sum = keep(package.sha256);
  entry->sum_type = CR_CHECKSUM_SHA256;
  return entry;
}

void append_reference(cr_UpdateRecord* record, const char* type, const std::string& id,
                      const std::string& url, const std::string& title) {
  cr_UpdateReference* reference = cr_updatereference_new();
  const auto keep = [&](const std::string& text) {
    return g_string_chunk_insert(reference->chunk, text.c_str());
  };
  reference->type = keep(type);
  if (!id.empty()) reference->id = keep(id);
  reference->href = keep(url);
  reference->title = keep(title);
  cr_updaterecord_append_reference(record, reference);
}

cr_UpdateRecord* record_of(const Advisory& advisory, const std::string& release) {
  cr_UpdateRecord* record = cr_updaterecord_new();
  const auto keep = [&](const std::string& text) {
    return text.empty() ? nullptr : g_string_chunk_insert(record->chunk, text.c_str());
  };
  record->from = keep(advisory.from);
  record->status = keep("final");
  record->type = keep(advisory.type);
  record->version = keep("1");
  record->id = keep(advisory.id);
  record->title = keep(advisory.title);
  record->issued_date = keep(date_time(advisory.issued));
  if (advisory.updated != 0) record->updated_date = keep(date_time(advisory.updated));
  record->release = keep(release);
  record->severity = keep(advisory.severity);
  record->description = keep(advisory.description.empty() ? advisory.title : advisory.description);
  record->solution = keep(advisory.solution);
  record->reboot_suggested = advisory.reboot_suggested ? TRUE : FALSE;
  for (const std::string& cve : advisory.cves)
    append_reference(record, "cve", cve, "https://www.cve.org/CVERecord?id=" + cve, cve);
  for (const recipe::AdvisoryReference& reference : advisory.references)
    append_reference(record, "other", "", reference.url,
                     reference.title.empty() ? reference.url : reference.title);
  return record;
}

}  // namespace

std::string make_updateinfo(std::span<const Advisory> advisories, const Packages& packages,
                            const std::string& release, const std::string& collection,
                            const std::string& title, const Note& note) {
  std::vector<const Advisory*> sorted;
  for (const Advisory& advisory : advisories) {
    if (is_for(advisory, release)) sorted.push_back(&advisory);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Advisory* a, const Advisory* b) { return a->id < b->id; });
  const CrUpdateInfo updateinfo(cr_updateinfo_new());
  for (const Advisory* advisory : sorted) {
    std::vector<const Package*> found;
    for (const std::string& name : advisory->packages) {
      const std::size_t before = found.size();
      for (const PackagePtr& package : packages) {
        if (names(name, *package)) found.push_back(package.get());
      }
      if (found.size() == before) {
        note(fmt::format("advisory {} names {}, which is not in {}", advisory->id, name,
                         collection));
      }
    }
    if (found.empty()) continue;
    cr_UpdateRecord* record = record_of(*advisory, release);
    cr_UpdateCollection* list = cr_updatecollection_new();
    list->shortname = g_string_chunk_insert(list->chunk, collection.c_str());
    list->name = g_string_chunk_insert(list->chunk, title.c_str());
    for (const Package* package : found) cr_updatecollection_append_package(list, listed(*package));
    cr_updaterecord_append_collection(record, list);
    cr_updateinfo_apped_record(updateinfo.get(), record);
  }
  if (updateinfo->updates == nullptr) return {};
  GlibError error;
  const GText xml(cr_xml_dump_updateinfo(updateinfo.get(), error.out()));
  if (!xml || error) throw_error(Code::internal, "write updateinfo.xml: {}", error.text());
  return xml.get();
}

std::string make_comps(std::span<const recipe::PackageGroup> groups) {
  if (groups.empty()) return {};
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!DOCTYPE comps PUBLIC \"-//Red Hat, Inc.//DTD Comps info//EN\" \"comps.dtd\">\n<comps>\n";
  for (const recipe::PackageGroup& group : groups) {
    text += fmt::format(
        "  <group>\n    <id>{}</id>\n    <name>{}</name>\n    <description>{}</description>\n"
        "    <default>{}</default>\n    <uservisible>true</uservisible>\n    <packagelist>\n",
        pipeline::escaped(group.id), pipeline::escaped(group.name),
        pipeline::escaped(group.description), group.is_default);
    const auto list = [&](const std::vector<std::string>& packages, const char* type) {
      for (const std::string& name : packages)
        text += fmt::format("      <packagereq type=\"{}\">{}</packagereq>\n", type,
                            pipeline::escaped(name));
    };
    list(group.mandatory, "mandatory");
    list(group.defaults, "default");
    list(group.optional, "optional");
    text += "    </packagelist>\n  </group>\n";
  }
  return text + "</comps>\n";
}

}  // namespace kata::repo
