// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <thread>

#include "builder/build/compare.h"
#include "builder/build/report.h"
#include "builder/pipeline/digest.h"
#include "builder/pipeline/parallel.h"
#include "builder/programs/library_packages.h"
#include "builder/programs/ninja_build.h"
#include "builder/sbom/spdx.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;

build::Report report_of(std::vector<build::Output> outputs) {
  build::Report report;
  report.name = "demo <1>";
  report.stages = {{.name = "kernel",
                    .state = build::StageState::built,
                    .seconds = 2,
                    .detail = "6.1",
                    .error = ""},
                   {.name = "repo",
                    .state = build::StageState::failed,
                    .seconds = 1,
                    .detail = "",
                    .error = "a & b"}};
  report.outputs = std::move(outputs);
  return report;
}

}  // namespace

TEST_CASE("licences of Debian's copyright files become SPDX expressions", "[build]") {
  using programs::license_of_copyright;
  CHECK(license_of_copyright("Format: x\n\nFiles: debian/*\nLicense: GPL-2+\n\nFiles: *\n"
                             "Copyright: me\nLicense: Expat\n") == "MIT");
  CHECK(license_of_copyright("Files: *\nLicense: GPL-2+ or BSD-3-clause\n") ==
        "GPL-2.0-or-later OR BSD-3-Clause");
  CHECK(license_of_copyright("Files: *\nLicense: my-own\n").empty());
  CHECK(license_of_copyright("It is free.\n").empty());
}

TEST_CASE("ninja's steps are counted, its other lines are not", "[build]") {
  using programs::ninja_step;
  CHECK(ninja_step("[12/300] Building CXX object x") ==
        std::pair<std::uint64_t, std::uint64_t>(12, 300));
  CHECK(ninja_step("ninja: no work to do.").second == 0);
  CHECK(ninja_step("[12]").second == 0);
  CHECK(ninja_step("[1/x]").second == 0);
  CHECK(ninja_step("").second == 0);
}

TEST_CASE("metadata without what signatures change", "[build]") {
  const std::string xml =
      "<package type=\"rpm\"><name>kata-agent</name><checksum type=\"sha256\" "
      "pkgid=\"YES\">ab</checksum>"
      "<time file=\"12\" build=\"7\"/><size package=\"10\" installed=\"20\"/></package>"
      "<package pkgid=\"cd\" name=\"kata-release-el9\" arch=\"noarch\"></package>";
  const std::string same_key = build::unsigned_metadata(xml, false);
  CHECK(same_key ==
        "<package type=\"rpm\"><name>kata-agent</name> build=\"7\"/> installed=\"20\"/></package>"
        "<package  name=\"kata-release-el9\" arch=\"noarch\"></package>");
  CHECK_THAT(build::unsigned_metadata(xml, true), !Catch::Contains("kata-release"));
}

TEST_CASE("a package's digest without its signature header", "[build]") {
  const TempDir dir;
  const std::string lead(96, 'l');
  const auto header = [](char entries, char bytes) {
    return std::string("\x8e\xad\xe8\x01\0\0\0\0\0\0\0", 11) + entries + std::string(3, '\0') +
           bytes;
  };
  // one entry and 3 bytes of data, padded to 8
  const std::string signature = header(1, 3) + std::string(16, 'e') + "abc";
  const std::string path = dir.path() + "/a.rpm";
  write_file(path, lead + signature + std::string(5, '\0') + "payload");
  CHECK(build::unsigned_digest(path) == pipeline::sha256_of_text("payload"));
  write_file(path, lead + signature);
  CHECK_THROWS_WITH(build::unsigned_digest(path), Catch::Contains("ends in its signature header"));
  write_file(path, "short");
  CHECK_THROWS_WITH(build::unsigned_digest(path), Catch::Contains("no signature header"));
}

TEST_CASE("a report compares itself with the last one", "[build]") {
  const build::Report old = report_of({{"a", "1", 10}, {"b", "2", 20}, {"c", "3", 30}});
  const build::Report now = report_of({{"a", "1", 10}, {"b", "9", 25}, {"d", "4", 40}});
  const auto changes = build::changes_since(build::to_json(old, {}), now);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].path == "b");
  CHECK(changes[0].what == "changed");
  CHECK(changes[0].growth == 5);
  CHECK(changes[1].what == "new");
  CHECK(changes[2].path == "c");
  CHECK(changes[2].growth == -30);
  CHECK(build::changes_since(nullptr, now).size() == 3);
  CHECK(build::changes_since(Json{{"outputs", "damaged"}}, now).size() == 3);
  const std::string page = build::report_page(now, changes);
  CHECK_THAT(page, Catch::Contains("demo &lt;1&gt;") && Catch::Contains("<pre>a &amp; b</pre>") &&
                       Catch::Contains("+5</td>") && !Catch::Contains("<script"));
}

TEST_CASE("a failed build does not become what the next is compared with", "[build]") {
  const TempDir dir;
  build::Report whole = report_of({{"a", "1", 10}});
  whole.stages.pop_back();
  build::write_report(whole, dir.path());
  build::write_report(report_of({}), dir.path());
  const Json report = read_json_file(dir.path() + "/report.json");
  CHECK(report.at("stages").at(1).at("error") == "a & b");
  CHECK(report.at("changes").empty());
  CHECK(report.at("outputs").at(0).at("path") == "a");
}

TEST_CASE("an SBOM's verification code and ids are those of SPDX 2.3", "[build]") {
  const std::string text = sbom::spdx_document({.name = "demo",
                                                .version = "1",
                                                .file_name = "demo.rpm",
                                                .license = "MIT",
                                                .supplier = "Us",
                                                .purl = "pkg:rpm/demo@1",
                                                .sha256 = "",
                                                .files = {{"./b", "bb", "22"}, {"./a", "aa", "11"}},
                                                .components = {{.name = "lib",
                                                                .version = "2",
                                                                .license = "",
                                                                .purl = "",
                                                                .relation = "STATIC_LINK",
                                                                .sha256 = ""}},
                                                .timestamp = 0});
  const Json document = parse_json(text, "sbom");
  const Json& package = document.at("packages").at(0);
  // section 7.9: the SHA-1 of the sorted SHA-1s
  CHECK(package.at("packageVerificationCode").at("packageVerificationCodeValue") ==
        pipeline::sha1_of_text("aabb"));
  CHECK(package.at("supplier") == "Organization: Us");
  CHECK(document.at("packages").at(1).at("licenseConcluded") == "NOASSERTION");
  CHECK(document.at("creationInfo").at("created") == "1970-01-01T00:00:00Z");
  CHECK(document.at("relationships").at(1).at("relationshipType") == "STATIC_LINK");
  CHECK(document.at("relationships").size() == 4);
}

TEST_CASE("jobs run a few at once, and the first failure is told when all have ended", "[build]") {
  std::mutex mutex;
  std::vector<std::size_t> seen;
  pipeline::run_parallel(20, 3, [&](std::size_t i) {
    const std::lock_guard lock(mutex);
    seen.push_back(i);
  });
  std::sort(seen.begin(), seen.end());
  CHECK(seen.size() == 20);
  CHECK(std::unique(seen.begin(), seen.end()) == seen.end());
  std::size_t begun = 0;
  CHECK_THROWS_WITH(
      pipeline::run_parallel(100, 2,
                             [&](std::size_t i) {
                               {
                                 const std::lock_guard lock(mutex);
                                 ++begun;
                               }
                               if (i == 3) throw_error(Code::internal, "job 3");
                               // else one thread could do all the others first
                               std::this_thread::sleep_for(std::chrono::milliseconds(2));
                             }),
      "job 3");
  CHECK(begun < 100);
  CHECK_NOTHROW(pipeline::run_parallel(0, 2, [](std::size_t) {}));
}
