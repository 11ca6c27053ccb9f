// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/scope_exit.h"
#include "tests/integration/builder/package_shelf.h"
#include "tests/integration/builder/repo_workbench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::RepoWorkbench;
namespace fs = std::filesystem;

void without_signatures(std::map<std::string, std::string>& files) {
  std::erase_if(files, [](const auto& file) { return file.first.ends_with(".asc"); });
}

}  // namespace

TEST_CASE("packages are published, signed, and whole", "[repo]") {
  const RepoWorkbench bench;
  const CommandResult result = bench.publish();
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("el9/x86_64 published: 2 packages, 2 new"));
  const CommandResult verified = bench.verify();
  INFO(verified.output << verified.error_output);
  CHECK(verified.status == 0);
  CHECK_THAT(verified.output, Catch::Contains("1 repositories, 2 packages: 0 problems"));
  const std::string file = read_file(bench.path("repo/kata-el9.repo"));
  CHECK_THAT(file, Catch::Contains("[kata]\n") && Catch::Contains("\ngpgcheck=1\n") &&
                       Catch::Contains("\nrepo_gpgcheck=1\n") &&
                       Catch::Contains("/RPM-GPG-KEY-kata\n"));
  CHECK(read_file(bench.path("repo/RPM-GPG-KEY-kata")) ==
        read_file(test::package_shelf() + "/main.asc"));
}

TEST_CASE("nothing new is nothing to publish, and a new package alone is read", "[repo]") {
  const RepoWorkbench bench;
  REQUIRE(bench.publish().status == 0);
  const auto before = bench.tree("repo");
  const CommandResult same = bench.publish();
  CHECK_THAT(same.output, Catch::Contains("is up to date: 2 packages, 0 new"));
  CHECK(bench.tree("repo") == before);
  fs::remove_all(bench.path("cache"));  // then digests decide
  CHECK_THAT(bench.publish().output, Catch::Contains("is up to date"));

  bench.put("main/demo-1.1-1.el9.noarch.rpm");
  const CommandResult added = bench.publish();
  INFO(added.error_output);
  CHECK_THAT(added.output, Catch::Contains("published: 3 packages, 1 new"));
  CHECK_THAT(added.error_output, Catch::Contains("1 new packages read"));
  CHECK(bench.verify().status == 0);
  // what was published before is still there as it was
  for (const auto& [name, bytes] : before) {
    if (name.find("snapshots/") != std::string::npos || name.find("Packages/") != std::string::npos)
      CHECK(bench.tree("repo").at(name) == bytes);
  }
}

TEST_CASE("two publishers in two places at two times write the same bytes", "[repo]") {
  const RepoWorkbench a;
  const RepoWorkbench b;
  fs::remove(b.path("pool/demo-1.0-1.el9.noarch.rpm"));
  REQUIRE(b.publish().status == 0);  // b gets there in two steps
  fs::remove_all(b.path("repo/el9/x86_64/snapshots"));
  fs::remove(b.path("repo/el9/x86_64/latest"));
  b.put("main/demo-1.0-1.el9.noarch.rpm");
  for (const auto& entry : fs::directory_iterator(b.path("pool")))
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(5));
  for (const RepoWorkbench* bench : {&a, &b}) {
    Command command = bench->katabuild();
    command.env->push_back("SOURCE_DATE_EPOCH=1770000000");
    RealCommandRunner runner;
    const CommandResult result = runner.run(command);
    INFO(result.error_output);
    REQUIRE(result.status == 0);
  }
  auto files = a.tree("repo");
  auto others = b.tree("repo");
  without_signatures(files);
  without_signatures(others);
  CHECK(files.size() > 10);
  CHECK(files == others);
  CHECK_THAT(read_file(a.latest() + "/repodata/repomd.xml"),
             Catch::Contains("<revision>1770000000</revision>"));
  const std::string gzip = read_file(a.metadata("primary.xml.gz")).substr(0, 10);
  CHECK(gzip.substr(4, 4) == std::string(4, '\0'));  // no time in gzip's header
}

TEST_CASE("a package that must not be published changes nothing", "[repo]") {
  const RepoWorkbench bench;
  REQUIRE(bench.publish().status == 0);
  const auto before = bench.tree("repo");
  struct Case {
    std::string package;
    std::string reason;
  };
  const auto [package, reason] = GENERATE(
      Case{"unsigned/demo-1.1-1.el9.noarch.rpm", "it is not signed"},
      Case{"stranger/demo-1.1-1.el9.noarch.rpm", "it is signed by another key"},
      Case{"other-bytes/demo-1.0-1.el9.noarch.rpm",
           "has the same name and version but other bytes"},
      Case{"main/demo-arch-1.0-1.el9.aarch64.rpm", "it is for aarch64, but channel el9 has only"},
      Case{"flip main/demo-1.1-1.el9.noarch.rpm", "it is corrupt"},
      Case{"cut main/demo-1.1-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm: it is corrupt"},
      Case{"text main/demo-1.1-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm: rpm refuses it"},
      Case{"empty main/demo-1.1-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm: "},
      Case{"link main/demo-1.1-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm: "},
      Case{"head main/demo-1.1-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm: it is corrupt"});
  const std::string name = package.substr(package.find(' ') + 1);
  bench.put(name, "pool/new");
  const std::string file = bench.path("pool/new/") + fs::path(name).filename().string();
  if (package.starts_with("flip ")) test::flip_a_byte(file, 20);
  if (package.starts_with("cut ")) write_file(file, read_file(file).substr(0, 3000));
  if (package.starts_with("text ")) write_file(file, "no package");
  if (package.starts_with("empty ")) write_file(file, "");
  if (package.starts_with("head ")) {  // in the header's text, which the signature covers
    std::string bytes = read_file(file);
    bytes[bytes.find("Says <hello>")] = 's';
    write_file(file, bytes);
  }
  if (package.starts_with("link ")) {
    fs::remove(file);
    fs::create_symlink("/no/such/package", file);
  }
  const CommandResult result = bench.publish();
  INFO(result.error_output);
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains(reason) && Catch::Contains(file));
  CHECK(bench.tree("repo") == before);
}

TEST_CASE("every bad package is named at once", "[repo]") {
  const RepoWorkbench bench;
  bench.put("unsigned/demo-1.1-1.el9.noarch.rpm");
  bench.put("stranger/demo-1.2-1.el9.noarch.rpm");
  const CommandResult result = bench.publish();
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains("2 packages cannot be published") &&
                                      Catch::Contains("demo-1.1-1.el9.noarch.rpm: it is not") &&
                                      Catch::Contains("demo-1.2-1.el9.noarch.rpm: it is signed"));
  CHECK_FALSE(fs::exists(bench.path("repo/el9")));
}

TEST_CASE("the newest versions and snapshots stay, and packages with them", "[repo]") {
  const RepoWorkbench bench;
  bench.write_recipe("keep_versions: 2\nkeep_snapshots: 2\n");
  REQUIRE(bench.publish({"--freeze", "first"}).status == 0);
  const std::string first = bench.latest();
  bench.put("main/demo-1.1-1.el9.noarch.rpm");
  REQUIRE(bench.publish().status == 0);
  bench.put("main/demo-1.2-1.el9.noarch.rpm");
  const CommandResult third = bench.publish();
  CHECK_THAT(third.output, Catch::Contains("published: 3 packages, 1 new"));
  CHECK_FALSE(fs::exists(first));
  CHECK(fs::exists(bench.path("repo/el9/x86_64/frozen/first/repodata/repomd.xml.asc")));
  const std::string old = bench.path("repo/el9/x86_64/Packages/d/demo-1.0-1.el9.noarch.rpm");
  CHECK(fs::exists(old));  // the frozen state names it
  CHECK_THAT(read_file(bench.latest() + "/SHA256SUMS"), !Catch::Contains("demo-1.0-") &&
                                                            Catch::Contains("demo-1.1-") &&
                                                            Catch::Contains("demo-1.2-"));
  CHECK_THAT(read_file(bench.path("repo/index.html")), Catch::Contains("frozen/first/index.html"));
  CHECK_THAT(bench.verify().output, Catch::Contains("3 repositories, 4 packages: 0 problems"));

  const CommandResult again = bench.publish({"--freeze", "first"});
  CHECK(again.status == 1);
  CHECK_THAT(again.error_output, Catch::Contains("another state has that name"));
  fs::remove_all(bench.path("repo/el9/x86_64/frozen/first"));
  for (const char* name : {"demo-1.0-1", "demo-1.1-1", "demo-1.2-1"})
    fs::remove(bench.path("pool/") + name + ".el9.noarch.rpm");
  CHECK_THAT(bench.publish().output, Catch::Contains("is up to date: 3 packages"));  // they stay
  CHECK_THAT(bench.publish({"--prune"}).output, Catch::Contains("published: 1 packages"));
  CHECK_FALSE(fs::exists(old));
  CHECK(bench.verify().status == 0);
}

TEST_CASE("source packages have a repository of their own", "[repo]") {
  const RepoWorkbench bench;
  bench.put("main/demo-1.0-1.el9.src.rpm");
  bench.put("main/demo-arch-1.0-1.el9.aarch64.rpm");
  bench.write_recipe("", "[{release: el9, architectures: [x86_64, aarch64, src], pools: [pool]}]");
  const CommandResult result = bench.publish();
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("el9/x86_64 published: 2 packages") &&
                                Catch::Contains("el9/aarch64 published: 3 packages") &&
                                Catch::Contains("el9/src published: 1 packages"));
  CHECK_THAT(read_file(bench.path("repo/kata-el9.repo")),
             Catch::Contains("el9/$basearch/mirrorlist") && Catch::Contains("[kata-source]") &&
                 Catch::Contains("el9/src/mirrorlist") && Catch::Contains("enabled=0"));
  CHECK(bench.verify().status == 0);
}

TEST_CASE("a half-copied repository is told, and rebuilt on request", "[repo]") {
  const RepoWorkbench bench;
  REQUIRE(bench.publish().status == 0);
  const auto before = bench.tree("repo/el9/x86_64/latest");
  const std::string what = GENERATE("primary.xml.gz", "repomd.xml", "package");
  if (what == "package") {
    const std::string package = bench.path("repo/el9/x86_64/Packages/d/demo-1.0-1.el9.noarch.rpm");
    write_file(package, read_file(package).substr(0, 1000));
    fs::remove(bench.path("pool/demo-1.0-1.el9.noarch.rpm"));
  } else {
    test::flip_a_byte(what == "repomd.xml" ? bench.latest() + "/repodata/repomd.xml"
                                           : bench.metadata(what));
  }
  const CommandResult refused = bench.publish();
  INFO(refused.error_output);
  CHECK(refused.status == 1);
  CHECK_THAT(refused.error_output,
             Catch::Contains(what == "package" ? "1000 bytes instead of" : "--rebuild"));
  if (what == "package") {
    bench.put("main/demo-1.0-1.el9.noarch.rpm");
    REQUIRE(bench.publish().status == 0);
  } else {
    CHECK(bench.verify().status == 1);
    REQUIRE(bench.publish({"--rebuild"}).status == 0);
    auto after = bench.tree("repo/el9/x86_64/latest");
    after.erase("repodata/repomd.xml.asc");
    for (const auto& [name, bytes] : after) CHECK(before.at(name) == bytes);
  }
}

TEST_CASE("a key that cannot sign is told before anything is written", "[repo]") {
  const RepoWorkbench bench;
  struct Case {
    std::string signing;
    std::string reason;
  };
  const auto [signing, reason] =
      GENERATE(Case{"{key_file: expired.key}", "it expired on"},
               Case{"{key_file: main.asc}", "has its public half only"},
               Case{"{key_file: main.key, key: stranger}", "there is no such key"},
               Case{"{gnupg_home: nowhere}", "there is no folder"},
               Case{"{key_file: locked.key}", "signing.passphrase_file"},
               Case{"{key_file: locked.key, passphrase_file: wrong}", "the passphrase of"});
  for (const char* name : {"expired.key", "main.asc", "locked.key"})
    fs::copy_file(test::package_shelf() + "/" + name, bench.path(name));
  fs::permissions(bench.path("main.asc"), fs::perms(0600));
  write_file(bench.path("wrong"), "hunter2\n");
  fs::permissions(bench.path("wrong"), fs::perms(0600));
  fs::remove_all(bench.path("pool"));
  make_directories(bench.path("pool"));
  bench.write_recipe("", "", signing);
  const CommandResult result = bench.publish();
  INFO(result.error_output);
  CHECK(result.status != 0);
  CHECK_THAT(result.error_output, Catch::Contains(reason) && !Catch::Contains("hunter2"));
  CHECK_FALSE(fs::exists(bench.path("repo/el9/x86_64/latest")));
}

TEST_CASE("a locked key signs with its passphrase from a file", "[repo]") {
  const RepoWorkbench bench;
  fs::copy_file(test::package_shelf() + "/locked.key", bench.path("locked.key"));
  write_file(bench.path("passphrase"), "open sesame\n");
  fs::permissions(bench.path("passphrase"), fs::perms(0600));
  fs::remove_all(bench.path("pool"));
  make_directories(bench.path("pool"));
  bench.write_recipe("", "", "{key_file: locked.key, passphrase_file: passphrase}");
  const CommandResult result = bench.publish();
  INFO(result.error_output);
  CHECK(result.status == 0);
  CHECK(bench.verify({bench.path("repo")}).status == 0);
}

TEST_CASE("the example recipe is read as it is meant", "[repo]") {
  RealCommandRunner runner;
  Command command;
  command.argv = {KATABUILD, "show-recipe", KATA_SOURCE "/yum-repo/example.yaml"};
  const CommandResult result = runner.run(command);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  const Json recipe = parse_json(result.output, "show-recipe");
  CHECK(recipe.at("channels").size() == 4);
  CHECK(recipe.at("channels").at(3).at("compression") == "zstd");
  CHECK(recipe.at("keep_snapshots") == 10);
}

TEST_CASE("a full disk is told, and what is published stays as it was", "[repo]") {
  test::require_root();
  const RepoWorkbench bench;
  REQUIRE(::mount("tmpfs", bench.path("repo").c_str(), "tmpfs", 0, "size=256k") == 0);
  const ScopeExit unmount([&] { ::umount2(bench.path("repo").c_str(), MNT_DETACH); });
  REQUIRE(bench.publish().status == 0);
  const auto before = bench.tree("repo");
  // two pages are left: enough for the new package, not for its metadata
  std::size_t size = 256 << 10;
  while (size > 0 && fs::space(bench.path("repo")).available > 8192) {
    size -= 4096;
    write_file(bench.path("repo/filler-" + std::to_string(size)), std::string(4096, 'x'));
  }
  bench.put("main/demo-1.1-1.el9.noarch.rpm");
  const CommandResult result = bench.publish();
  INFO(result.error_output);
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains("disk full ("));
  auto after = bench.tree("repo");
  std::erase_if(after, [](const auto& file) { return file.first.starts_with("filler-"); });
  after.erase("el9/x86_64/Packages/d/demo-1.1-1.el9.noarch.rpm");  // which nothing names yet
  CHECK(after == before);
  CHECK(bench.verify().status == 0);
}

TEST_CASE("templates that are missing are named, and others can be", "[repo]") {
  const RepoWorkbench bench;
  RealCommandRunner runner;
  Command elsewhere = bench.katabuild();
  elsewhere.cwd = bench.path();
  const CommandResult missing = runner.run(elsewhere);
  CHECK(missing.status == 2);
  CHECK_THAT(missing.error_output,
             Catch::Contains("the template of the repository's pages: there is neither "
                             "yum-repo/kata.repo.in here nor ") &&
                 Catch::Contains("with --templates DIR") && !Catch::Contains("--recipe"));
  make_directories(bench.path("templates"));
  fs::copy_file(KATA_SOURCE "/yum-repo/kata.repo.in", bench.path("templates/kata.repo.in"));
  elsewhere.argv.insert(elsewhere.argv.end(), {"--templates", bench.path("templates")});
  const CommandResult half = runner.run(elsewhere);
  CHECK(half.status == 2);
  CHECK_THAT(half.error_output,
             Catch::Contains("there is no index.html.in in " + bench.path("templates")));
  CHECK_FALSE(fs::exists(bench.path("repo/el9")));
  for (const char* name : {"index.html.in", "packages.html.in"})
    write_file(bench.path("templates/") + name, "<p>{{title}}, our own</p>\n");
  const CommandResult own = runner.run(elsewhere);
  INFO(own.error_output);
  CHECK(own.status == 0);
  CHECK(read_file(bench.latest() + "/index.html") == "<p>Kata, our own</p>\n");
}
