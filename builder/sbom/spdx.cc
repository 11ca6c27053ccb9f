// SPDX-License-Identifier: Apache-2.0
#include "builder/sbom/spdx.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <utility>

#include "builder/archive/archive_reader.h"
#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"

namespace kata::sbom {
namespace {

constexpr const char* kSubjectId = "SPDXRef-Package";
constexpr const char* kUnknown = "NOASSERTION";

std::string time_text(std::int64_t seconds) {
  const time_t moment = seconds;
  struct tm parts {};
  ::gmtime_r(&moment, &parts);
  std::array<char, 32> text{};
  return {text.data(), ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

const std::string& or_unknown(const std::string& text) {
  static const std::string unknown = kUnknown;
  return text.empty() ? unknown : text;
}

Json checksum(const char* algorithm, const std::string& value) {
  return {{"algorithm", algorithm}, {"checksumValue", value}};
}

Json purl_reference(const std::string& purl) {
  return Json::array({{{"referenceCategory", "PACKAGE-MANAGER"},
                       {"referenceType", "purl"},
                       {"referenceLocator", purl}}});
}

/// Section 7.9: SHA-1 of the files' SHA-1s, sorted and joined.
std::string verification_code(const std::vector<File>& files) {
  std::vector<std::string> digests;
  for (const File& file : files) digests.push_back(file.sha1);
  std::sort(digests.begin(), digests.end());
  std::string joined;
  for (const std::string& digest : digests) joined += digest;
  return pipeline::sha1_of_text(joined);
}

Json subject_json(const Subject& subject) {
  Json package{{"SPDXID", kSubjectId},
               {"name", subject.name},
               {"versionInfo", subject.version},
               {"packageFileName", subject.file_name},
               {"supplier", subject.supplier.empty() ? std::string(kUnknown)
                                                     : "Organization: " + subject.supplier},
               {"downloadLocation", kUnknown},
               {"filesAnalyzed", !subject.files.empty()},
               {"licenseConcluded", or_unknown(subject.license)},
               {"licenseDeclared", or_unknown(subject.license)},
               {"copyrightText", kUnknown}};
  if (!subject.files.empty())
    package["packageVerificationCode"] = {
        {"packageVerificationCodeValue", verification_code(subject.files)}};
  if (!subject.sha256.empty())
    package["checksums"] = Json::array({checksum("SHA256", subject.sha256)});
  if (!subject.purl.empty()) package["externalRefs"] = purl_reference(subject.purl);
  return package;
}

/// Letters, digits, '.' and '-', with a '+' at the end at most.
bool is_license_id(const std::string& word) {
  const std::size_t end =
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:");
  if (word.empty() || (end != std::string::npos && (word[end] != '+' || end + 1 != word.size())))
    return false;
  // of the older short names, those that look like identifiers
  const std::size_t version = word.find("PLv");
  return version == std::string::npos && word != "BSD" && word != "AND" && word != "OR" &&
         word != "WITH";
}

Json component_json(const recipe::Component& component, const std::string& id) {
  const std::string license = license_expression(component.license);
  Json package{{"SPDXID", id},
               {"name", component.name},
               {"versionInfo", component.version},
               {"downloadLocation", kUnknown},
               {"filesAnalyzed", false},
               {"licenseConcluded", or_unknown(license)},
               {"licenseDeclared", or_unknown(license)},
               {"copyrightText", kUnknown}};
  if (license.empty() && !component.license.empty())
    package["licenseComments"] = "The package says: " + component.license;
  if (!component.sha256.empty())
    package["checksums"] = Json::array({checksum("SHA256", component.sha256)});
  if (!component.purl.empty()) package["externalRefs"] = purl_reference(component.purl);
  return package;
}

Json relationship(const std::string& from, const char* type, const std::string& to) {
  return {{"spdxElementId", from}, {"relationshipType", type}, {"relatedSpdxElement", to}};
}

}  // namespace

std::string license_expression(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && c != '(' && c != ')') {
      word += c;
      continue;
    }
    if (!word.empty()) words.push_back(std::exchange(word, {}));
    if (c != ' ') words.emplace_back(1, c);
  }
  int depth = 0;
  bool wants_id = true;
  for (const std::string& part : words) {
    if (part == "(" && wants_id) {
      ++depth;
    } else if (part == ")" && !wants_id) {
      if (--depth < 0) return {};
    } else if (wants_id ? is_license_id(part) : part == "AND" || part == "OR" || part == "WITH") {
      wants_id = !wants_id;
    } else {
      return {};
    }
  }
  return wants_id || depth != 0 ? "" : text;
}

std::string spdx_document(const Subject& subject) {
  Json packages = Json::array({subject_json(subject)});
  Json relationships = Json::array({relationship("SPDXRef-DOCUMENT", "DESCRIBES", kSubjectId)});
  Json files = Json::array();
  for (std::size_t i = 0; i < subject.components.size(); ++i) {
    const std::string id = fmt::format("SPDXRef-Component-{}", i + 1);
    packages.push_back(component_json(subject.components[i], id));
    relationships.push_back(relationship(kSubjectId, subject.components[i].relation.c_str(), id));
  }
  for (std::size_t i = 0; i < subject.files.size(); ++i) {
    const File& file = subject.files[i];
    const std::string id = fmt::format("SPDXRef-File-{}", i + 1);
    files.push_back(
        {{"SPDXID", id},
         {"fileName", file.path},
         {"checksums", Json::array({checksum("SHA1", file.sha1), checksum("SHA256", file.sha256)})},
         {"licenseConcluded", kUnknown},
         {"copyrightText", kUnknown}});
    relationships.push_back(relationship(kSubjectId, "CONTAINS", id));
    if (file.component) {
      relationships.push_back(
          relationship(fmt::format("SPDXRef-Component-{}", *file.component + 1), "CONTAINS", id));
    }
  }
  // The namespace must be unique to the document: the digest of all the rest is.
  const std::string content = packages.dump() + files.dump() + relationships.dump();
  Json document{
      {"spdxVersion", "SPDX-2.3"},
      {"dataLicense", "CC0-1.0"},
      {"SPDXID", "SPDXRef-DOCUMENT"},
      {"name", subject.file_name},
      {"documentNamespace", fmt::format("https://spdx.org/spdxdocs/{}-{}", subject.file_name,
                                        pipeline::sha256_of_text(content))},
      {"creationInfo",
       {{"created", time_text(subject.timestamp)},
        {"creators", Json::array({"Tool: katabuild-" KATA_VERSION})}}},
      {"packages", std::move(packages)},
      {"files", std::move(files)},
      {"relationships", std::move(relationships)}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<File> files_of_archive(const std::string& path) {
  archive::ArchiveReader reader(path);
  std::vector<File> files;
  while (const std::optional<archive::Entry> entry = reader.next()) {
    if (entry->kind != archive::EntryKind::file) continue;
    pipeline::FileDigester digester;
    reader.read_content([&](std::string_view part) { digester.add(part); });
    const pipeline::FileDigests digests = digester.finish();
    files.push_back({"./" + archive::safe_entry_path(*entry, path), digests.sha1, digests.sha256});
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

}  // namespace kata::sbom
