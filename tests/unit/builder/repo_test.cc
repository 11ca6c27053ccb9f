// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "builder/pipeline/template.h"
#include "builder/repo/channel_folder.h"
#include "builder/repo/metadata_text.h"
#include "builder/repo/repodata.h"
#include "builder/repo/selection.h"
#include "builder/repo/updateinfo.h"
#include "builder/repo/xml_text.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::repo;
using recipe::MetadataCompression;

PackagePtr package(const std::string& name, const std::string& version,
                   const std::string& sha256 = std::string(64, 'a'), const std::string& epoch = "0",
                   const std::string& arch = "noarch") {
  Package made;
  made.name = name;
  made.epoch = epoch;
  made.version = version;
  made.release = "1.el9";
  made.arch = arch;
  made.sha256 = sha256;
  made.location =
      "Packages/" + name.substr(0, 1) + "/" + name + "-" + version + "-1.el9." + arch + ".rpm";
  made.primary = "<package type=\"rpm\"></package>";
  made.filelists = made.other = "<package></package>";
  return std::make_shared<const Package>(std::move(made));
}

std::vector<std::string> versions(const Selection& selection) {
  std::vector<std::string> list;
  for (const PackagePtr& chosen : selection.packages) list.push_back(nevra(*chosen));
  return list;
}

}  // namespace

TEST_CASE("text survives XML", "[repo]") {
  const std::string text = "a <b> & \"c\" 'd' \xc3\xa4";
  CHECK(unescaped(kata::pipeline::escaped(text)) == text);
  CHECK(kata::pipeline::escaped("<&>\"") == "&lt;&amp;&gt;&quot;");
  CHECK(unescaped("&#65;&#xe4;&#13;&nope;x&") == "A\xc3\xa4\rx");
}

TEST_CASE("values are found in XML of known form", "[repo]") {
  const std::string_view xml =
      "<package type=\"rpm\"><archx>1</archx><arch>x86_64</arch><url/>"
      "<version epoch=\"0\" ver=\"1.0\" rel=\"2\"/><open>";
  CHECK(content_of(xml, "arch") == "x86_64");
  CHECK(content_of(xml, "url") == "");
  CHECK_FALSE(content_of(xml, "absent"));
  CHECK_FALSE(content_of(xml, "open"));
  CHECK(attribute_of(xml, "version", "ver") == "1.0");
  CHECK(attribute_of(xml, "package", "type") == "rpm");
  CHECK_FALSE(attribute_of(xml, "version", "er"));
  CHECK_FALSE(attribute_of(xml, "arch", "ver"));
}

TEST_CASE("versions compare as rpm does", "[repo]") {
  CHECK(compare_versions(*package("p", "1.10"), *package("p", "1.9")) > 0);
  CHECK(compare_versions(*package("p", "1.0~rc1"), *package("p", "1.0")) < 0);
  CHECK(compare_versions(*package("p", "1", "", "1"), *package("p", "2")) > 0);
  CHECK(compare_versions(*package("p", "1"), *package("p", "1")) == 0);
}

TEST_CASE("published packages stay, pools add, the newest are kept", "[repo]") {
  const Packages published = {package("a", "1.9"), package("a", "1.10"), package("b", "1")};
  const std::vector<PoolPackage> pool = {{"/pool/a.rpm", package("a", "1.11")},
                                         {"/pool/b.rpm", published[2]}};
  using Names = std::vector<std::string>;
  CHECK(versions(select_packages(pool, published, 0)) ==
        Names{"a-1.11-1.el9.noarch", "a-1.10-1.el9.noarch", "a-1.9-1.el9.noarch",
              "b-1-1.el9.noarch"});
  const Selection two = select_packages(pool, published, 2);
  CHECK(versions(two) == Names{"a-1.11-1.el9.noarch", "a-1.10-1.el9.noarch", "b-1-1.el9.noarch"});
  CHECK(two.sources.at("Packages/a/a-1.11-1.el9.noarch.rpm") == "/pool/a.rpm");
  CHECK(select_packages(pool, {}, 0).packages.size() == 2);
}

TEST_CASE("one name and version has one content", "[repo]") {
  const std::vector<PoolPackage> pool = {{"/pool/1.rpm", package("a", "1")},
                                         {"/pool/2.rpm", package("a", "1", std::string(64, 'b'))}};
  CHECK_THROWS_WITH(select_packages(pool, {}, 0),
                    Catch::Contains("publish package a-1-1.el9.noarch from /pool/2.rpm: "
                                    "/pool/1.rpm has the same name and version but other bytes"));
  CHECK_THROWS_WITH(select_packages({&pool[1], 1}, {package("a", "1")}, 0),
                    Catch::Contains("the published a-1-1.el9.noarch has the same name"));
  // another epoch is another version, but the file's name would be the same
  CHECK_THROWS_WITH(
      select_packages({&pool[0], 1}, {package("a", "1", std::string(64, 'c'), "1")}, 0),
      Catch::Contains("other bytes"));
}

TEST_CASE("compressed metadata is read back, and unchanged parts are taken over", "[repo]") {
  const std::vector<std::string> blocks = {"head\n", std::string(100000, 'x'), "tail\n"};
  const std::string data = compressed(blocks, MetadataCompression::gzip, nullptr);
  const MetadataText before(data, "x.gz");
  CHECK(before.text() == blocks[0] + blocks[1] + blocks[2]);
  CHECK(before.member_of("nothing").empty());
  const std::vector<std::string> changed = {"HEAD\n", blocks[1], "more\n", "tail\n"};
  const std::string with = compressed(changed, MetadataCompression::gzip, &before);
  CHECK(with == compressed(changed, MetadataCompression::gzip, nullptr));
  CHECK(with.find(before.member_of(blocks[1])) != std::string::npos);
  CHECK_THROWS_WITH(MetadataText(data.substr(0, data.size() - 9), "x.gz"),
                    Catch::Contains("decompress x.gz: "));
  std::string flipped = data;
  flipped[flipped.size() - 6] ^= 1;  // the last member's check sum
  CHECK_THROWS_WITH(MetadataText(flipped, "x.gz"), Catch::Contains("decompress x.gz: "));
  CHECK(MetadataText(compressed(blocks, MetadataCompression::zstd, nullptr), "x.zst").text() ==
        before.text());
}

TEST_CASE("metadata of many packages is the same with and without what was before", "[repo]") {
  Packages packages;
  for (int i = 0; i < 600; ++i)
    packages.push_back(package("p" + std::to_string(1000 + i), "1",
                               fmt::format("{:02x}{}", i % 256, std::string(62, '0'))));
  const Repodata whole = make_repodata(packages, {.timestamp = 7});
  MetadataTexts texts;
  for (const auto& [name, bytes] : whole.files) {
    for (const char* type : {"primary", "filelists", "other"}) {
      if (name.find(std::string("-") + type) != std::string::npos)
        texts[type] = std::make_shared<const MetadataText>(bytes, name);
    }
  }
  REQUIRE(texts.size() == 3);
  packages.insert(packages.begin() + 300, package("p1299a", "1"));
  const Repodata added = make_repodata(packages, {.timestamp = 7, .before = &texts});
  const Repodata anew = make_repodata(packages, {.timestamp = 7});
  CHECK(added.repomd == anew.repomd);
  CHECK(added.files == anew.files);
  CHECK(added.records != whole.records);
}

TEST_CASE("an advisory lists the packages it names, whatever their dist tag", "[repo]") {
  recipe::Advisory advisory;
  advisory.id = "A-1";
  advisory.type = "security";
  advisory.severity = "Critical";
  advisory.title = "A <hole>";
  advisory.cves = {"CVE-2026-0001"};
  advisory.packages = {"a-1-1", "gone-1-1"};
  const Packages packages = {package("a", "1"), package("a", "11")};
  std::vector<std::string> notes;
  const Note note = [&](std::string_view text) { notes.emplace_back(text); };
  const std::string xml =
      make_updateinfo({&advisory, 1}, packages, "el9", "kata-el9", "Kata", note);
  CHECK_THAT(xml, Catch::Contains("<id>A-1</id>") && Catch::Contains("<severity>Critical<") &&
                      Catch::Contains("A &lt;hole&gt;") &&
                      Catch::Contains("id=\"CVE-2026-0001\"") &&
                      Catch::Contains("a-1-1.el9.noarch.rpm") &&
                      !Catch::Contains("a-11-1.el9.noarch.rpm"));
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "advisory A-1 names gone-1-1, which is not in kata-el9");
  advisory.releases = {"el8"};
  CHECK(make_updateinfo({&advisory, 1}, packages, "el9", "kata-el9", "Kata", note).empty());
}

TEST_CASE("templates repeat lists, escape values, and name what they lack", "[repo]") {
  kata::pipeline::TemplateValues values;
  values.values["title"] = "<T>";
  std::vector<kata::pipeline::TemplateValues> items(2);
  items[0].values["n"] = "1";
  items[1].values["n"] = "2";
  values.lists["items"] = items;
  CHECK(kata::pipeline::fill_text("{{title}}:{{#items}} {{n}}{{title}}{{/items}}.", values, true,
                                  "t") == "&lt;T&gt;: 1&lt;T&gt; 2&lt;T&gt;.");
  CHECK(kata::pipeline::fill_text("{{title}}", values, false, "t") == "<T>");
  CHECK_THROWS_WITH(kata::pipeline::fill_text("\n{{titel}}", values, false, "t"),
                    "t:2: there is no value \"titel\"");
  CHECK_THROWS_WITH(kata::pipeline::fill_text("{{#items}}", values, false, "t"),
                    "t:1: a list does not end \"items\"");
  CHECK_THROWS_WITH(kata::pipeline::fill_text("{{#x}}{{/x}}", values, false, "t"),
                    "t:1: there is no list \"x\"");
  CHECK_THROWS_WITH(kata::pipeline::fill_text("{{title", values, false, "t"),
                    Catch::Contains("does not end"));
}

TEST_CASE("snapshots are numbered, switched to by a link, and removed with their packages",
          "[repo]") {
  const TempDir dir;
  const ChannelFolder folder(dir.path(), "el9", "x86_64");
  CHECK_FALSE(folder.latest());
  const std::string sum(64, 'a');
  const auto add = [&](const std::string& package) {
    make_directories(folder.path() + "/Packages/p");
    write_file(folder.path() + "/" + package, "p");
    return folder.add_snapshot({{"SHA256SUMS", sum + "  " + package + "\n"}, {"repodata/x", "y"}},
                               1767571200);
  };
  const std::string first = add("Packages/p/p-1.rpm");
  const std::string second = add("Packages/p/p-2.rpm");
  CHECK(first.ends_with("/snapshots/20260105T000000Z.1"));
  CHECK(second.ends_with("/snapshots/20260105T000000Z.2"));
  folder.switch_to(second, "http://x");
  CHECK(folder.latest() == second);
  CHECK(read_file(folder.path() + "/mirrorlist") ==
        "http://x/el9/x86_64/snapshots/20260105T000000Z.2/\n");
  CHECK(read_file(folder.path() + "/repodata/x") == "y");
  folder.freeze(first, "keep");
  folder.remove_old(1);
  CHECK(folder.snapshots() == std::vector<std::string>{second});
  CHECK(path_exists(folder.path() + "/frozen/keep/Packages/p/p-1.rpm"));
  std::filesystem::remove_all(folder.frozen_path("keep"));
  folder.switch_to(add("Packages/p/p-3.rpm"), "http://x");
  folder.remove_old(1);
  CHECK_FALSE(path_exists(folder.path() + "/Packages/p/p-1.rpm"));
  CHECK_FALSE(path_exists(folder.path() + "/Packages/p/p-2.rpm"));
  CHECK(path_exists(folder.path() + "/Packages/p/p-3.rpm"));
}
