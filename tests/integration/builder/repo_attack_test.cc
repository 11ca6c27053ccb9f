// SPDX-License-Identifier: Apache-2.0
//
// What somebody can do who stands between server and client, or on the server, and who stops it.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/integration/builder/package_shelf.h"
#include "tests/integration/builder/repo_workbench.h"

namespace {

using namespace kata;
using test::Dnf;
using test::ServedRepo;
namespace fs = std::filesystem;

constexpr long kJanuary = 1770000000;  // after the packages were built
constexpr long kDay = 24 * 60 * 60;

std::string said(const CommandResult& result) { return result.output + result.error_output; }

/// Metadata that fits the packages in `folder`, and a .repo file for it with the options `more`.
std::string unsigned_repo(const std::string& folder, const std::string& more) {
  RealCommandRunner runner;
  run_checked(runner, {.argv = {"createrepo_c", "--quiet", folder}});
  const std::string file = folder + "/x.repo";
  write_file(file, "[x]\nname=x\nbaseurl=file://" + folder + "\n" + more);
  return file;
}

std::string main_key() { return "gpgkey=file://" + test::package_shelf() + "/main.asc\n"; }

/// A repository that moved from demo 1.0 to 1.1, and its mirrorlist of before.
struct MovedOn {
  MovedOn() {
    repo.publish(kJanuary);
    before = read_file(mirrorlist());
    repo.bench.put("main/demo-1.1-1.el9.noarch.rpm");
    repo.publish(kJanuary + kDay);
    after = read_file(mirrorlist());
  }
  [[nodiscard]] std::string mirrorlist() const {
    return repo.bench.path("repo/el9/x86_64/mirrorlist");
  }
  /// Gives clients the older state, whose signature is as good as ever.
  void replay() const { write_file(mirrorlist(), before); }
  void stop_replaying() const { write_file(mirrorlist(), after); }
  [[nodiscard]] Dnf client() const { return Dnf(repo.bench.path("repo/kata-el9.repo")); }
  ServedRepo repo;
  std::string before;
  std::string after;
};

}  // namespace

TEST_CASE("one changed byte or another key is refused by dnf and named by verify", "[repo]") {
  ServedRepo client;
  client.publish();
  struct Case {
    std::string what;
    std::string refusal;  ///< dnf's, before rpm sees anything
    std::string verdict;  ///< katabuild verify's
  };
  const auto [what, refusal, verdict] = GENERATE(
      Case{"package", "checksum doesn't match",
           "demo-1.0-1.el9.noarch.rpm: its sha256 is not the one in primary.xml"},
      Case{"repomd.xml", "Bad GPG signature", "repomd.xml.asc: the signature does not fit"},
      Case{"primary.xml.gz", "checksum doesn't match",
           "primary.xml.gz: its size or sha256 is not the one in repomd.xml"},
      Case{"repomd.xml.asc", "GPG signature", "repomd.xml.asc: "},
      Case{"another key", "Bad GPG signature", "repomd.xml.asc: it is signed by another key"},
      Case{"expired key", "Bad GPG signature", "repomd.xml.asc: the key has expired"});
  if (what == "package") {
    test::flip_a_byte(client.bench.path("repo/el9/x86_64/Packages/d/demo-1.0-1.el9.noarch.rpm"),
                      20);
  } else if (what.ends_with(" key")) {
    fs::copy_file(
        test::package_shelf() + (what == "expired key" ? "/main-expired.asc" : "/stranger.asc"),
        client.bench.path("repo/RPM-GPG-KEY-kata"), fs::copy_options::overwrite_existing);
  } else {
    test::flip_a_byte(what.ends_with(".gz") ? client.bench.metadata(what)
                                            : client.bench.latest() + "/repodata/" + what);
  }
  const Dnf dnf(client.bench.path("repo/kata-el9.repo"));
  const CommandResult result = dnf.run({"install", "demo"});
  INFO(result.output << result.error_output);
  CHECK(result.status != 0);
  CHECK_THAT(result.output + result.error_output, Catch::Contains(refusal));
  CHECK_THAT(dnf.installed(), !Catch::Contains("demo"));
  const CommandResult verified = client.bench.verify({client.bench.path("repo")});
  INFO(verified.output << verified.error_output);
  CHECK(verified.status == 1);
  CHECK_THAT(verified.output, Catch::Contains(verdict));
}

TEST_CASE("a package of a stranger is refused although the metadata names it", "[repo]") {
  ServedRepo client;
  client.publish();
  // as if the builder's check had failed: the stranger's file, and metadata that fits it
  const std::string folder = client.bench.path("unchecked");
  make_directories(folder);
  fs::copy_file(test::package_shelf() + "/stranger/demo-1.2-1.el9.noarch.rpm",
                folder + "/demo-1.2-1.el9.noarch.rpm");
  RealCommandRunner runner;
  Command createrepo;
  createrepo.argv = {"createrepo_c", "--quiet", folder};
  REQUIRE(runner.run(createrepo).status == 0);
  write_file(client.bench.path("x.repo"), "[x]\nname=x\nbaseurl=file://" + folder +
                                              "\ngpgcheck=1\ngpgkey=file://" +
                                              test::package_shelf() + "/main.asc\n");
  const Dnf dnf(client.bench.path("x.repo"));
  const CommandResult result = dnf.run({"install", "demo"});
  INFO(result.output << result.error_output);
  CHECK(result.status != 0);
  CHECK_THAT(result.output + result.error_output, Catch::Contains("is not signed with the key") ||
                                                      Catch::Contains("Public key for") ||
                                                      Catch::Contains("GPG check FAILED"));
  const CommandResult verified =
      client.bench.verify({folder, "--key", test::package_shelf() + "/main.asc"});
  CHECK(verified.status == 1);
  CHECK_THAT(verified.output, Catch::Contains("there is no signature"));
}

TEST_CASE("a changed package whose metadata was made to fit is refused by rpm", "[repo]") {
  const TempDir folder;
  const std::string package = folder.path() + "/demo-1.0-1.el9.noarch.rpm";
  fs::copy_file(test::package_shelf() + "/main/demo-1.0-1.el9.noarch.rpm", package);
  test::flip_a_byte(package, 20);
  // dnf asks rpm's library before the transaction, and rpm itself looks once more in it.
  const auto [options, refusal] = GENERATE(
      std::pair<std::string, std::string>{"gpgcheck=1\n", "GPG check FAILED"},
      std::pair<std::string, std::string>{"gpgcheck=0\n", "Payload SHA256 ALT digest: BAD"});
  const Dnf dnf(unsigned_repo(folder.path(), options + main_key()));
  const CommandResult result = dnf.run({"install", "demo"});
  INFO(said(result));
  CHECK(result.status != 0);
  CHECK_THAT(said(result), Catch::Contains(refusal));
  CHECK_THAT(dnf.installed(), !Catch::Contains("demo"));
}

TEST_CASE("an expired key is refused with the metadata, since rpm does not ask for its time",
          "[repo]") {
  ServedRepo served;
  served.publish();
  const std::string with_packages_only = "[x]\nname=x\nbaseurl=" + served.server.url() +
                                         "/el9/x86_64\ngpgcheck=1\ngpgkey=file://" +
                                         test::package_shelf() + "/main-expired.asc\n";
  write_file(served.bench.path("x.repo"), with_packages_only + "repo_gpgcheck=1\n");
  CHECK(Dnf(served.bench.path("x.repo")).run({"install", "demo"}).status != 0);
  // This is why repo_gpgcheck is on in every .repo file of ours. Should a newer rpm refuse, this
  // line and docs/oracle-linux.md are to be changed.
  write_file(served.bench.path("x.repo"), with_packages_only + "repo_gpgcheck=0\n");
  CHECK(Dnf(served.bench.path("x.repo")).run({"install", "demo"}).status == 0);
}

TEST_CASE("a replayed older state hides what is newer and takes back nothing", "[repo]") {
  const MovedOn moved;
  const Dnf dnf = moved.client();
  REQUIRE(dnf.run({"install", "demo"}).status == 0);
  REQUIRE_THAT(dnf.installed(), Catch::Contains("demo-1.1"));
  moved.replay();
  // dnf believes it: the signature is ours and does not expire.
  const CommandResult upgrade = dnf.run({"--refresh", "upgrade"});
  INFO(said(upgrade));
  CHECK(upgrade.status == 0);
  CHECK_THAT(dnf.installed(), Catch::Contains("demo-1.1"));
  CHECK_THAT(dnf.run({"repoquery", "demo"}).output, !Catch::Contains("1.1"));
  // Who looks sees the time.
  CHECK_THAT(dnf.run({"repolist", "-v"}).output,
             Catch::Contains("Repo-revision      : " + std::to_string(kJanuary)));
  // A system that was not there before gets the older version.
  const Dnf fresh = moved.client();
  CHECK(fresh.run({"install", "demo"}).status == 0);
  CHECK_THAT(fresh.installed(), Catch::Contains("demo-1.0"));
  // Once it ends, the next look brings everything up to date.
  moved.stop_replaying();
  CHECK(fresh.run({"--refresh", "upgrade"}).status == 0);
  CHECK_THAT(fresh.installed(), Catch::Contains("demo-1.1"));
}

TEST_CASE("metadata_expire says how long dnf does not ask", "[repo]") {
  const MovedOn moved;
  moved.replay();
  const Dnf dnf = moved.client();
  REQUIRE(dnf.run({"install", "demo"}).status == 0);
  moved.stop_replaying();
  // Six hours in the .repo file: what was told is believed, old or not.
  const CommandResult believed = dnf.run({"check-update"});
  INFO(said(believed));
  CHECK(believed.status == 0);
  ::sleep(2);
  const CommandResult asked = dnf.run({"--setopt=kata.metadata_expire=1", "check-update"});
  INFO(said(asked));
  CHECK(asked.status == 100);
  CHECK_THAT(asked.output, Catch::Contains("demo.noarch") && Catch::Contains("1.1-1.el9"));
  // The other way: a client that need not ask cannot be told an older state.
  moved.replay();
  CHECK(dnf.run({"--setopt=kata.metadata_expire=never", "check-update"}).status == 100);
}

TEST_CASE("a client of one snapshot sees that state and no other", "[repo]") {
  const MovedOn moved;
  const std::string newest = moved.after.substr(0, moved.after.find('\n'));
  write_file(moved.repo.bench.path("x.repo"),
             "[kata]\nname=kata\nbaseurl=" + newest +
                 "\ngpgcheck=1\nrepo_gpgcheck=1\nmetadata_expire=never\ngpgkey=" +
                 moved.repo.server.url() + "/RPM-GPG-KEY-kata\n");
  const Dnf dnf(moved.repo.bench.path("x.repo"));
  moved.replay();
  moved.repo.bench.put("main/demo-1.2-1.el9.noarch.rpm");
  REQUIRE(dnf.run({"install", "demo"}).status == 0);
  CHECK_THAT(dnf.installed(), Catch::Contains("demo-1.1"));
  // Halves of two states do not fit together: the older repomd.xml beside the newer signature.
  const std::string folder = moved.repo.bench.latest() + "/repodata";
  const std::string older =
      moved.repo.bench.path("repo") +
      moved.before.substr(moved.repo.server.url().size(),
                          moved.before.find('\n') - moved.repo.server.url().size()) +
      "/repodata/repomd.xml";
  fs::copy_file(older, folder + "/repomd.xml", fs::copy_options::overwrite_existing);
  const Dnf fresh(moved.repo.bench.path("x.repo"));
  const CommandResult mixed = fresh.run({"install", "demo"});
  INFO(said(mixed));
  CHECK(mixed.status != 0);
  CHECK_THAT(said(mixed), Catch::Contains("Bad GPG signature"));
}
