// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/package_shelf.h"
#include "tests/integration/builder/repo_workbench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::Dnf;
using test::RepoWorkbench;
using test::ServedRepo;
namespace fs = std::filesystem;

constexpr const char* kAdvisory = R"(
- id: KSA-2026-0001
  type: security
  severity: Important
  title: A hole in demo
  issued: 2026-01-07
  cves: [CVE-2026-0001]
  packages: [demo-1.1-1]
)";

}  // namespace

TEST_CASE("dnf installs and updates with every check on", "[repo]") {
  ServedRepo client(
      "advisories: [advisories.yaml]\n"
      "groups: [{id: demos, name: All demos, packages: [demo, demo-lib]}]\n",
      GENERATE("[{release: el9, pools: [pool]}]",
               "[{release: el9, pools: [pool], compression: zstd}]"));
  write_file(client.bench.path("advisories.yaml"), kAdvisory);
  client.publish();
  const Dnf dnf(client.bench.path("repo/kata-el9.repo"));
  const CommandResult installed = dnf.run({"group", "install", "demos"});
  INFO(installed.output << installed.error_output);
  REQUIRE(installed.status == 0);
  CHECK_THAT(dnf.installed(),
             Catch::Contains("demo-1.0-1.el9.noarch") && Catch::Contains("demo-lib-1.0-1"));

  client.bench.put("main/demo-1.1-1.el9.noarch.rpm");
  client.publish();
  const CommandResult advisories = dnf.run({"--refresh", "updateinfo", "list", "--with-cve"});
  CHECK_THAT(advisories.output, Catch::Contains("CVE-2026-0001 Important/Sec. demo-1.1-1.el9"));
  const CommandResult updated = dnf.run({"update", "--advisory=KSA-2026-0001"});
  INFO(updated.output << updated.error_output);
  CHECK(updated.status == 0);
  CHECK_THAT(dnf.installed(), Catch::Contains("demo-1.1-1.el9.noarch"));
  // the version before is still there to go back to
  CHECK(dnf.run({"downgrade", "demo"}).status == 0);
  CHECK_THAT(dnf.installed(), Catch::Contains("demo-1.0-1.el9.noarch"));
}

TEST_CASE("a plain baseurl and a frozen state serve as well as the mirrorlist", "[repo]") {
  ServedRepo client;
  REQUIRE(client.bench.publish({"--freeze", "2026-01"}).status == 0);
  client.bench.put("main/demo-1.1-1.el9.noarch.rpm");
  client.publish();
  const auto [url, version] =
      GENERATE(std::pair<std::string, std::string>{"el9/x86_64", "1.1"},
               std::pair<std::string, std::string>{"el9/x86_64/latest", "1.1"},
               std::pair<std::string, std::string>{"el9/x86_64/frozen/2026-01", "1.0"});
  write_file(client.bench.path("x.repo"), "[x]\nname=x\nbaseurl=" + client.server.url() + "/" +
                                              url + "\ngpgkey=" + client.server.url() +
                                              "/RPM-GPG-KEY-kata\ngpgcheck=1\nrepo_gpgcheck=1\n");
  const Dnf dnf(client.bench.path("x.repo"));
  const CommandResult result = dnf.run({"install", "demo"});
  INFO(result.output << result.error_output);
  CHECK(result.status == 0);
  CHECK_THAT(dnf.installed(), Catch::Contains("demo-" + version));
}

TEST_CASE("the pages say what there is and how to install it, without scripts", "[repo]") {
  ServedRepo client;
  client.bench.put("main/kata-release-el9-1.0-1.el9.noarch.rpm");
  client.publish();
  const std::string root = read_file(client.bench.path("repo/index.html"));
  CHECK_THAT(root, Catch::Contains("dnf install " + client.server.url() +
                                   "/el9/x86_64/Packages/k/kata-release-el9-1.0-1.el9.noarch.rpm\n"
                                   "dnf install kata-runtime"));
  CHECK_THAT(root, Catch::Contains("el9/x86_64/latest/index.html"));
  const std::string page = read_file(client.bench.latest() + "/index.html");
  CHECK_THAT(
      page,
      Catch::Contains(
          ">demo</a></td><td class=\"version\">1.0-1.el9</td><td class=\"arch\">noarch</td>") &&
          Catch::Contains("Says &lt;hello&gt; &amp; goodbye") &&
          Catch::Contains("2026-01-06 Jane Doe &lt;jane@example.com&gt; - 1.0-1\n- "
                          "Fix &lt;everything&gt; &amp; more") &&
          Catch::Contains(" kB</td>"));
  CHECK(page.find("Fix &lt;everything") < page.find("- Begin"));
  CHECK_THAT(root + page, !Catch::Contains("<script") && !Catch::Contains("{{"));
}

TEST_CASE("createrepo_c reads the metadata as its own", "[repo]") {
  const RepoWorkbench bench;
  REQUIRE(bench.publish().status == 0);
  RealCommandRunner runner;
  Command command;
  command.argv = {"createrepo_c", "--update",         "--no-database",
                  "--outputdir",  bench.path("copy"), bench.path("repo/el9/x86_64/latest")};
  make_directories(bench.path("copy"));
  fs::copy(bench.latest() + "/repodata", bench.path("copy/repodata"));
  command.argv.push_back("--verbose");
  const CommandResult result = runner.run(command);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.error_output + result.output, Catch::Contains("CACHE HIT"));
}
