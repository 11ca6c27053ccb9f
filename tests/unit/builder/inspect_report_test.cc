// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "builder/inspect/difference.h"
#include "builder/inspect/image_sbom.h"
#include "builder/inspect/page.h"
#include "builder/inspect/summary.h"
#include "builder/pipeline/digest.h"
#include "builder/sbom/spdx.h"
#include "runtime/base/io.h"
#include "tests/unit/builder/newc_text.h"

namespace {

using namespace kata;
using namespace kata::inspect;
using test::newc;
using test::NewcFile;

struct Bench {
  TempDir dir;
  RealCommandRunner runner;

  Inspection inspect(const std::vector<NewcFile>& files, const std::string& name = "initrd.img") {
    write_file(dir.path() + "/" + name, newc(files));
    return inspect_image(dir.path() + "/" + name, runner);
  }
};

std::string dpkg_status(const std::string& version) {
  return "Package: tool\nStatus: install ok installed\nVersion: " + version +
         "\nArchitecture: amd64\n\n";
}

std::vector<NewcFile> small_image(const std::string& version = "1.0") {
  return {{.path = "etc", .mode = 0040755},
          {.path = "etc/motd", .text = "hello\n"},
          {.path = "usr/bin/tool", .text = std::string(5000, 't') + version, .mode = 0104755},
          {.path = "link", .text = "etc/motd", .mode = 0120777},
          {.path = "var/lib/dpkg/status", .text = dpkg_status(version)},
          {.path = "var/lib/dpkg/info/tool.list", .text = "/usr\n/usr/bin\n/usr/bin/tool\n"}};
}

/// What SPDX 2.3 demands of a document in JSON, as far as ours go: the fields of sections 6, 7, 8
/// and 11 that have no default, and that every reference leads somewhere.
std::vector<std::string> spdx_faults(const Json& document) {
  std::vector<std::string> faults;
  std::set<std::string> ids;
  const auto demand = [&](bool holds, const std::string& fault) {
    if (!holds) faults.push_back(fault);
  };
  const auto has_text = [&](const Json& json, const char* key) {
    return json.contains(key) && json[key].is_string() && !json[key].get<std::string>().empty();
  };
  const auto take_id = [&](const Json& json) {
    const std::string id = json.value("SPDXID", "");
    demand(std::regex_match(id, std::regex("SPDXRef-[a-zA-Z0-9.-]+")), "not an SPDXID: " + id);
    demand(ids.insert(id).second, "twice: " + id);
  };
  const auto check_sums = [&](const Json& json, const std::string& wanted) {
    bool found = wanted.empty();
    for (const Json& sum : json.value("checksums", Json::array())) {
      const std::string algorithm = sum.at("algorithm");
      const std::size_t digits = algorithm == "SHA1" ? 40 : algorithm == "SHA256" ? 64 : 0;
      const std::string value = sum.at("checksumValue");
      demand(value.size() == digits &&
                 value.find_first_not_of("0123456789abcdef") == std::string::npos,
             "not a checksum: " + sum.dump());
      found = found || algorithm == wanted;
    }
    demand(found, json.value("SPDXID", "") + " lacks " + wanted);
  };
  demand(document.value("spdxVersion", "") == "SPDX-2.3", "spdxVersion");
  demand(document.value("dataLicense", "") == "CC0-1.0", "dataLicense");
  demand(document.value("SPDXID", "") == "SPDXRef-DOCUMENT", "the document's SPDXID");
  take_id(document);
  demand(has_text(document, "name"), "name");
  const std::string space = document.value("documentNamespace", "");
  demand(std::regex_match(space, std::regex("https?://[^#\\s]+")), "documentNamespace " + space);
  const Json& creation = document.at("creationInfo");
  demand(std::regex_match(creation.value("created", ""),
                          std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ")),
         "created");
  demand(!creation.value("creators", Json::array()).empty(), "creators");
  for (const Json& creator : creation.value("creators", Json::array()))
    demand(
        std::regex_match(creator.get<std::string>(), std::regex("(Tool|Person|Organization): .+")),
        "creator " + creator.dump());
  for (const Json& package : document.at("packages")) {
    take_id(package);
    demand(has_text(package, "name"), "a package's name");
    demand(has_text(package, "downloadLocation"), "downloadLocation");
    demand(!package.value("filesAnalyzed", true) == !package.contains("packageVerificationCode"),
           "packageVerificationCode goes with filesAnalyzed");
    check_sums(package, "");
    const std::string license = package.value("licenseDeclared", "NOASSERTION");
    demand(license == "NOASSERTION" || !sbom::license_expression(license).empty(),
           "licence " + license);
    for (const Json& reference : package.value("externalRefs", Json::array())) {
      demand(reference.value("referenceCategory", "") == "PACKAGE-MANAGER" &&
                 reference.value("referenceType", "") == "purl" &&
                 std::regex_match(reference.value("referenceLocator", ""),
                                  std::regex("pkg:[a-z]+/[^\\s@]+@[^\\s]+")),
             "purl " + reference.dump());
    }
  }
  for (const Json& file : document.value("files", Json::array())) {
    take_id(file);
    demand(file.value("fileName", "").starts_with("./"), "fileName");
    check_sums(file, "SHA1");
  }
  static const std::set<std::string> kTypes = {"DESCRIBES", "CONTAINS", "STATIC_LINK",
                                               "GENERATED_FROM", "DEPENDS_ON"};
  bool describes = false;
  for (const Json& relation : document.at("relationships")) {
    const std::string type = relation.at("relationshipType");
    demand(kTypes.contains(type), "relationshipType " + type);
    demand(ids.contains(relation.at("spdxElementId").get<std::string>()) &&
               ids.contains(relation.at("relatedSpdxElement").get<std::string>()),
           "a relationship to nothing: " + relation.dump());
    describes = describes || type == "DESCRIBES";
  }
  demand(describes, "nothing is described");
  return faults;
}

}  // namespace

TEST_CASE("an image's bill of materials has what SPDX 2.3 demands", "[inspect]") {
  Bench bench;
  const Inspection found = bench.inspect(small_image());
  const std::string text = image_sbom(found);
  const Json document = parse_json(text, "the SBOM");
  CHECK(spdx_faults(document) == std::vector<std::string>());
  CHECK(document.at("packages").size() == 2);
  CHECK(document.at("packages")[1].at("externalRefs")[0].at("referenceLocator") ==
        "pkg:deb/linux/tool@1.0?arch=amd64");
  CHECK(document.at("packages")[0].at("checksums")[0].at("checksumValue") == found.sha256);
  CHECK(document.at("files").size() == 4);
  // which package holds which file
  std::string tool;
  for (const Json& file : document.at("files"))
    if (file.at("fileName") == "./usr/bin/tool") tool = file.at("SPDXID");
  const Json wanted{{"spdxElementId", "SPDXRef-Component-1"},
                    {"relationshipType", "CONTAINS"},
                    {"relatedSpdxElement", tool}};
  const Json& relations = document.at("relationships");
  CHECK(std::find(relations.begin(), relations.end(), wanted) != relations.end());
  CHECK(image_sbom(found) == text);
  // the check itself notices what is missing
  Json bad = document;
  bad["packages"][1].erase("downloadLocation");
  bad["files"][0]["checksums"].erase(0);
  bad["relationships"][0]["relatedSpdxElement"] = "SPDXRef-Nobody";
  CHECK(spdx_faults(bad).size() == 3);
}

TEST_CASE("packages of an SBOM beside the image own its files", "[inspect]") {
  Bench bench;
  std::vector<NewcFile> files = small_image();
  files.resize(4);  // without the package database
  const std::string sha256 = bench.inspect(files).sha256;
  const std::string text = sbom::spdx_document(
      {.name = "demo",
       .version = "1",
       .file_name = "initrd.img",
       .license = "",
       .supplier = "",
       .purl = "",
       .sha256 = sha256,
       .files = {{"./usr/bin/tool", std::string(40, '0'), std::string(64, '0'), 0}},
       .components = {{.name = "tool",
                       .version = "1.0",
                       .license = "GPLv2+ and MIT",
                       .purl = "pkg:rpm/ol/tool@1.0",
                       .relation = "CONTAINS",
                       .sha256 = ""}}});
  CHECK(spdx_faults(parse_json(text, "sbom")) == std::vector<std::string>());
  CHECK_THAT(text, Catch::Contains("The package says: GPLv2+ and MIT"));
  write_file(bench.dir.path() + "/initrd.spdx.json", text);
  const Inspection found = bench.inspect(files);
  CHECK(found.packages.source == "the SBOM beside the image");
  CHECK(found.owners == std::map<std::string, std::size_t>{{"usr/bin/tool", 0}});
}

TEST_CASE("licence expressions are told from older short names", "[sbom]") {
  for (const char* good : {"MIT", "GPL-2.0-or-later", "(MIT OR Apache-2.0) AND BSD-3-Clause",
                           "GPL-2.0-only WITH Linux-syscall-note", "LicenseRef-x"})
    CHECK(sbom::license_expression(good) == good);
  for (const char* bad :
       {"", "GPLv2+", "GPLv2+ and MIT", "ASL 2.0", "BSD", "MIT OR", "(MIT", "MIT)"})
    CHECK(sbom::license_expression(bad).empty());
}

TEST_CASE("a difference names what was added, removed and changed", "[inspect]") {
  Bench bench;
  std::vector<NewcFile> files = small_image("2.0");
  files[1].mode = 0100600;
  files[3] = {.path = "new\x1b[1m", .text = "123"};
  const Inspection before = bench.inspect(small_image(), "a.img");
  const Inspection after = bench.inspect(files, "b.img");
  const Difference difference = compare(before, after);
  const std::string text = text_of(difference, 0);
  CAPTURE(text);
  CHECK_THAT(text, Catch::Contains("/etc/motd  (mode 0644 -> 0600)"));
  CHECK_THAT(text, Catch::Contains("/usr/bin/tool  (content)"));
  CHECK_THAT(text, Catch::Contains("-           +0 bytes  /link"));
  CHECK_THAT(text, Catch::Contains("+           +3 bytes  /new?[1m"));
  CHECK_THAT(text, Catch::Contains("package tool: 1.0 -> 2.0"));
  CHECK_THAT(text, Catch::Contains("1 added, 1 removed, 3 changed, 1 packages; +3 bytes"));
  CHECK_THAT(text_of(difference, 2), Catch::Contains("and 3 more files"));
  CHECK(json_of(difference).at("files").size() == 5);
  CHECK(compare(before, before).is_empty());
  CHECK(text_of(compare(before, before), 0) == "the images are the same\n");
}

TEST_CASE("an inspection's page is whole, escaped and the same each time", "[inspect]") {
  Bench bench;
  std::vector<NewcFile> files = small_image();
  files.push_back({.path = "</pre><script>alert(1)</script>", .text = std::string(9000, 'x')});
  files.push_back({.path = "\xff\xfe", .text = std::string(9000, 'y')});
  const Inspection found = bench.inspect(files);
  const std::string page = inspection_page(found);
  CHECK(page == inspection_page(found));
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK_THAT(page, Catch::Contains("&lt;/pre&gt;"));
  CHECK(page.find("http:") == std::string::npos);
  CHECK(page.find("https:") == std::string::npos);
  CHECK(page.find("{{") == std::string::npos);
  CHECK_THAT(page, Catch::Contains("<td>/usr/bin/tool</td><td>setuid</td>"));
}
