// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "tests/integration/builder/build/browser.h"
#include "tests/integration/builder/build/build_bench.h"

namespace {

using namespace kata;
using test::Browser;
using test::BuildBench;
namespace fs = std::filesystem;

constexpr const char* kBaseUrl = "https://example.com/kata";
constexpr int kReleases = 4;
constexpr const char* kBrokenWords =
    R"(Array.from(document.querySelectorAll('th, td')).filter(e => {
  const range = document.createRange();
  range.selectNodeContents(e);
  const lines = new Set(Array.from(range.getClientRects(), box => Math.round(box.top)));
  return /^\S{1,20}$/.test(e.innerText.trim()) && lines.size > 1;
}).map(e => e.innerText))";

/// Two releases of Oracle Linux, four of the packages: a repository as it is after some weeks.
class PublishedBench {
 public:
  PublishedBench() {
    write_file(bench_.path("build.yaml"),
               std::string("name: demo\nsource: source\ntimestamp: 2026-01-01\n"
                           "signing: {trial: true, key_file: signing.key}\n"
                           "repository:\n  name: kata\n  title: Demo <1>\n  base_url: ") +
                   kBaseUrl + "\n  channels:\n    - {release: el7, architectures: [x86_64]}\n" +
                   "    - {release: el9, architectures: [x86_64, src]}\n");
    for (int release = 1; release <= kReleases; ++release) {
      if (release == 2)
        write_file(bench_.path("source/CHANGELOG.md"),
                   "## [Unreleased]\n### Added\n- second, with a word that is long: " +
                       std::string(120, 'w') + "\n- third\n");
      const CommandResult result = bench_.build({"--package-release", std::to_string(release),
                                                 "--freeze", "state-" + std::to_string(release)});
      INFO(result.error_output);
      REQUIRE(result.status == 0);
    }
  }
  [[nodiscard]] std::string path(const std::string& name) const { return bench_.path(name); }
  [[nodiscard]] std::string page_of(const std::string& channel) const {
    return fs::canonical(path("out/repo/" + channel + "/latest")).string() + "/index.html";
  }

 private:
  BuildBench bench_;
};

/// What a page's links lead to, as files: the repository's own address is the folder `root`.
std::set<std::string> check_links(Browser& browser, const std::string& root) {
  std::set<std::string> files;
  const Json links = browser.evaluate("Array.from(document.links, link => decodeURI(link.href))");
  for (const Json& link : links) {
    std::string file = link.get<std::string>();
    if (file.starts_with(kBaseUrl))
      file = "file://" + root + file.substr(std::string(kBaseUrl).size());
    INFO(file);
    REQUIRE(file.starts_with("file:///"));
    file.erase(0, 7);
    CHECK(fs::exists(file));
    files.insert(file);
  }
  return files;
}

/// KATA_TEST_SCREENSHOTS is a folder for people who want to look.
void check_page(Browser& browser, const std::string& file, const std::string& name) {
  for (const int width : {1280, 400}) {
    INFO(name << ", " << width << " pixels wide");
    browser.open(file, width);
    CHECK(browser.overflow() <= 0);
    if (const char* folder = std::getenv("KATA_TEST_SCREENSHOTS"))
      browser.save_screenshot(std::string(folder) + "/" + name + "-" + std::to_string(width) +
                              ".png");
    // the boxes that scroll by themselves hide their overflow from the page
    CHECK(browser.evaluate("Array.from(document.querySelectorAll('td, th, p, li, pre, h1')).filter("
                           "e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).length") ==
          0);
    // a word in a column that is too narrow for it is broken in two
    CHECK(browser.evaluate(kBrokenWords) == Json::array());
    CHECK(browser.evaluate("document.scripts.length") == 0);
    CHECK(browser.complaints() == std::vector<std::string>());
  }
  browser.open(file, 1280);
}

std::set<std::string> packages_in(const std::string& snapshot) {
  std::set<std::string> files;
  std::istringstream lines(read_file(snapshot + "/SHA256SUMS"));
  for (std::string line; std::getline(lines, line);) files.insert(snapshot + "/" + line.substr(66));
  return files;
}

std::set<std::string> ending_in(const std::set<std::string>& files, const std::string& end) {
  std::set<std::string> found;
  for (const std::string& file : files) {
    if (file.ends_with(end)) found.insert(file.substr(0, file.size() - end.size()));
  }
  return found;
}

}  // namespace

TEST_CASE("the browser notices what pages must not have", "[pages]") {
  Browser browser;
  const TempDir folder;
  const std::string page = folder.path() + "/bad.html";
  write_file(page,
             "<title>still</title><script>document.title = 'ran'</script>"
             "<div style='width: 2000px'>wide</div><img src=missing.png>");
  browser.open(page, 1280);
  CHECK(browser.overflow() > 0);
  CHECK(browser.complaints().size() == 1);
  CHECK(browser.evaluate("document.title") == "still");
  CHECK(browser.evaluate("document.scripts.length") == 1);
  // a telephone takes a page that says nothing for a wide one
  write_file(page, "<p>short</p>");
  browser.open(page, 400);
  CHECK(browser.overflow() > 0);
  CHECK(browser.complaints().empty());
  CHECK(browser.text() == "short");
}

TEST_CASE("the repository's pages are readable in a browser without scripts", "[pages]") {
  Browser browser;
  const PublishedBench bench;
  const std::string root = bench.path("out/repo");

  check_page(browser, root + "/index.html", "index");
  const std::string start = browser.text();
  CHECK_THAT(start, Catch::Contains("Demo <1>"));
  for (const auto& [title, release, installer] :
       {std::tuple{"Oracle Linux 7", "el7", "yum"}, std::tuple{"Oracle Linux 9", "el9", "dnf"}}) {
    CHECK_THAT(start, Catch::Contains(title));
    CHECK_THAT(start, Catch::Contains(std::string(installer) + " install " + kBaseUrl + "/" +
                                      release + "/x86_64/Packages/k/kata-release-" + release));
    CHECK_THAT(start, Catch::Contains(std::string(installer) + " install kata-runtime"));
  }
  const std::set<std::string> from_start = check_links(browser, root);
  for (const char* file :
       {"/RPM-GPG-KEY-kata", "/kata-el7.repo", "/kata-el9.repo", "/el7/x86_64/latest/index.html",
        "/el9/src/latest/index.html", "/el9/x86_64/frozen/state-1/index.html"})
    CHECK(from_start.contains(root + file));

  for (const char* channel : {"el7/x86_64", "el9/x86_64", "el9/src"}) {
    INFO(channel);
    const std::string page = bench.page_of(channel);
    const std::string snapshot = page.substr(0, page.rfind('/'));
    std::string name = channel;
    name[name.find('/')] = '-';
    check_page(browser, page, name);
    const std::set<std::string> packages = packages_in(snapshot);
    CHECK(packages.size() >= 4 * kReleases);
    const std::set<std::string> links = check_links(browser, root);
    std::set<std::string> listed;
    for (const std::string& package : ending_in(links, ".rpm")) listed.insert(package + ".rpm");
    CHECK(listed == packages);
    // those of earlier publishes, too
    CHECK(ending_in(links, ".rpm.spdx.json") == ending_in(packages, ".rpm"));
    for (const char* file :
         {"provenance.json", "provenance.json.asc", "kata-containers-initrd.spdx.json"})
      CHECK(links.contains(snapshot + "/build/" + file));
    const std::string text = browser.text();
    const bool is_source = name.ends_with("src");
    CHECK((text.find(" install kata-runtime") == std::string::npos) == is_source);
    for (int release = 1; release <= kReleases; ++release)
      CHECK_THAT(text, Catch::Contains("0.1.0-" + std::to_string(release) + "." +
                                       std::string(channel).substr(0, 3)));
    CHECK_THAT(text, Catch::Contains(" kB") && Catch::Contains("2026-01-01: Added: first") &&
                         Catch::Contains("2026-01-01: Added: second"));
  }
}

TEST_CASE("a build's report is readable in a browser without scripts", "[pages]") {
  Browser browser;
  const BuildBench bench;
  REQUIRE(bench.build().status == 0);
  const std::string page = bench.path("out/report.html");
  check_page(browser, page, "report");
  const std::string text = browser.text();
  for (const char* stage : {"kernel", "programs", "image", "packages", "repo"})
    CHECK_THAT(text, Catch::Contains("\n" + std::string(stage) + "\tbuilt\t"));
  const Json report = read_json_file(bench.path("out/report.json"));
  for (const Json& output : report.at("outputs"))
    CHECK_THAT(text, Catch::Contains(output.at("path").get<std::string>()) &&
                         Catch::Contains(output.at("sha256").get<std::string>()));

  bench.write_program("\"; broken\n");
  REQUIRE(bench.build().status == 1);
  check_page(browser, page, "report-failed");
  CHECK_THAT(browser.text(), Catch::Contains("programs\tfailed\t") && Catch::Contains("error:"));
}
