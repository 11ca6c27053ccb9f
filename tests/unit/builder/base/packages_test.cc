// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "builder/recipe/recipe_yaml.h"
#include "builder/rootfs/base/apt.h"
#include "builder/rootfs/base/dnf.h"
#include "builder/rootfs/base/package_lock.h"
#include "builder/rootfs/base/package_nodes.h"
#include "builder/rootfs/base/rpm_database.h"
#include "builder/rootfs/sandbox/id_map.h"
#include "builder/rootfs/sandbox/sandbox_plan.h"
#include "runtime/base/error.h"
#include "tests/unit/builder/base/base_bench.h"

namespace {

using namespace kata;
using namespace kata::rootfs;
using test::BaseBench;

const std::string kDigest(64, 'a');

LockedPackage package(const std::string& name) {
  return {.name = name,
          .version = "1:2.0-1",
          .arch = "amd64",
          .repository = "main",
          .file = name + ".deb",
          .sha256 = kDigest,
          .size = 7,
          .url = "http://example.com/" + name};
}

IdFacts user_facts() {
  return {.user = 1000,
          .user_name = "jane",
          .group = 100,
          .uid_map = "0 0 4294967295\n",
          .gid_map = "0 0 4294967295\n",
          .subuid = "joe:100000:65536\njane:165536:65536\n",
          .subgid = "1000:300000:70000\n",
          .has_helpers = true};
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xffU);
  return bytes;
}

}  // namespace

TEST_CASE("a lock is read back as it was written, and is of one base only", "[lock]") {
  BaseBench bench;
  bench.recipe.file = bench.path("image.yaml");
  bench.recipe.base.kind = recipe::BaseKind::debian;
  PackageLock lock{.base_sha256 = base_digest(bench.recipe.base), .image = {}, .packages = {}};
  lock.packages = {package("b"), package("a"), package("a")};
  normalize(lock);
  CHECK(lock.packages.size() == 2);
  CHECK(lock_file_of(bench.recipe, {}) == bench.path("image.lock"));
  CHECK_FALSE(read_lock(bench.recipe, {}));
  CHECK_THROWS_AS(read_lock(bench.recipe, {.use = LockUse::require}), Error);
  REQUIRE(write_lock(bench.recipe, {}, lock));
  CHECK(read_lock(bench.recipe, {})->packages == lock.packages);
  CHECK_FALSE(read_lock(bench.recipe, {.use = LockUse::update}));
  bench.recipe.base.debian.packages.push_back("more");
  CHECK_FALSE(read_lock(bench.recipe, {}));
  CHECK_THROWS_WITH(read_lock(bench.recipe, {.use = LockUse::require}),
                    Catch::Contains("of another base"));
}

TEST_CASE("a tar is pinned by its digest, and what has nothing to pin says so", "[lock]") {
  BaseBench bench;
  bench.recipe.file = bench.path("image.yaml");
  bench.recipe.base.kind = recipe::BaseKind::tar;
  const auto write_tar = [&](const std::string& text) {
    bench.recipe.base.path =
        bench.file("base.tar", test::tar_of({test::tar_member("f", '0', text)}));
  };
  const auto read = [&](LockUse use) {
    return rootfs::read_base(bench.recipe, bench.path("work"), bench.context, {.use = use});
  };
  write_tar("one");
  CHECK_THROWS_WITH(read(LockUse::require), Catch::Contains("there is no lock file"));
  CHECK(BaseBench::text(read(LockUse::follow), "f") == "one");
  CHECK_FALSE(path_exists(bench.path("image.lock")));
  (void)read(LockUse::update);
  CHECK(BaseBench::text(read(LockUse::require), "f") == "one");
  write_tar("two two");
  CHECK_THROWS_WITH(read(LockUse::require), Catch::Contains("pin this with --update-lock"));
  CHECK_THROWS_AS(read(LockUse::follow), Error);
  (void)read(LockUse::update);
  CHECK(BaseBench::text(read(LockUse::require), "f") == "two two");
  bench.recipe.base.kind = recipe::BaseKind::scratch;
  bench.recipe.base.path.clear();
  CHECK_THROWS_WITH(read(LockUse::update), Catch::Contains("nothing can be pinned"));
  (void)read(LockUse::require);
}

TEST_CASE("a lock whose names would lead out of the cache is refused", "[lock]") {
  BaseBench bench;
  bench.recipe.file = bench.path("image.yaml");
  PackageLock lock{.base_sha256 = base_digest(bench.recipe.base), .image = {}, .packages = {}};
  lock.packages = {package("a")};
  SECTION("digest") { lock.packages[0].sha256 = "../../etc/passwd"; }
  SECTION("file") { lock.packages[0].file = "../x"; }
  SECTION("hidden") { lock.packages[0].file = ".."; }
  REQUIRE(write_lock(bench.recipe, {}, lock));
  CHECK_THROWS_WITH(read_lock(bench.recipe, {}), Catch::Contains("no usable file or sha256"));
}

TEST_CASE("a lock that is none is told", "[lock]") {
  BaseBench bench;
  bench.recipe.file = bench.path("image.yaml");
  bench.file("image.lock",
             GENERATE(as<std::string>(), "{", "[]", "{}", R"({"katabuild_lock": 9})"));
  CHECK_THROWS_AS(read_lock(bench.recipe, {}), Error);
}

TEST_CASE("apt's and dnf's lists become packages", "[packages]") {
  const auto packages = packages_of_uris(
      "noise\n'http://e.com/pool/x_1%3a2%2b3_all.deb' x_1%3a2+3_all.deb 12 SHA256:" + kDigest +
      "\n");
  REQUIRE(packages.size() == 1);
  CHECK(packages[0].version == "1:2+3");
  CHECK(packages[0].size == 12);
  CHECK(packages[0].url == "http://e.com/pool/x_1%3a2%2b3_all.deb");
  CHECK_THROWS_AS(packages_of_uris("'http://e.com/x' x_1_all.deb 12 MD5Sum:00\n"), Error);
  const auto rpms = packages_of_query(
      "base demo 0 1.0 1.el9 noarch Packages/d/demo.rpm\n"
      "base vim 2 9.0 3.el9 x86_64 vim.rpm\n");
  REQUIRE(rpms.size() == 2);
  CHECK(rpms[0].version == "1.0-1.el9");
  CHECK(rpms[0].file == "demo.rpm");
  CHECK(rpms[1].version == "2:9.0-3.el9");
  CHECK_THROWS_AS(packages_of_query("a warning of dnf\n"), Error);
  PackageLock lock{.base_sha256 = {}, .image = {}, .packages = {rpms[1]}};
  CHECK(rpm_components(lock)[0].purl == "pkg:rpm/vim@9.0-3.el9?arch=x86_64&epoch=2");
}

TEST_CASE("Debian's mirrors become lines with the keyring", "[packages]") {
  recipe::DebianBase base;
  base.suite = "bookworm";
  base.keyring = "/k.gpg";
  base.mirrors = {"http://e.com/debian", "deb [arch=amd64] http://e.com x main",
                  "deb [trusted=yes] copy:/r ./"};
  const auto lines = apt_sources(base);
  CHECK(lines[0] == "deb [signed-by=/k.gpg] http://e.com/debian bookworm main");
  CHECK(lines[1] == "deb [signed-by=/k.gpg arch=amd64] http://e.com x main");
  CHECK(lines[2] == base.mirrors[2]);
}

TEST_CASE("without mirrors the builder's own sources of the suite are taken, of both formats",
          "[packages]") {
  const TempDir dir;
  write_file(dir.path() + "/sources.list",
             "deb-src http://e.com/debian bookworm main\n"
             "deb [arch=amd64] http://e.com/debian bookworm main contrib # ours\n"
             "deb http://e.com/debian trixie main\n");
  make_directories(dir.path() + "/sources.list.d");
  write_file(dir.path() + "/sources.list.d/a.sources",
             "Types: deb deb-src\nURIs: http://f.com/debian\nSuites: bookworm-updates sid\n"
             "Components: main\n contrib\nSigned-By: /f.gpg\n\n"
             "Types: deb\nEnabled: no\nURIs: http://g.com\nSuites: bookworm\nComponents: main\n");
  recipe::DebianBase base;
  base.suite = "bookworm";
  base.keyring = "/k.gpg";
  CHECK(apt_sources(base, dir.path()) ==
        std::vector<std::string>{
            "deb [signed-by=/k.gpg arch=amd64] http://e.com/debian bookworm main",
            "deb [signed-by=/f.gpg] http://f.com/debian bookworm-updates main"});
  base.suite = "bullseye";
  CHECK_THROWS_WITH(apt_sources(base, dir.path()), Catch::Contains("base.debian.mirrors"));
}

TEST_CASE("dpkg's lists say which package a file came with, through the root's links",
          "[packages]") {
  Tree tree;
  tree.put(make_text_file("var/lib/dpkg/status", "Package: demo\nVersion: 1:2\n\n", 0644));
  tree.put(make_text_file("var/lib/dpkg/info/demo:amd64.list", "/.\n/lib/a\n/gone\n", 0644));
  tree.put(make_symlink("lib", "usr/lib"));
  tree.put(make_text_file("usr/lib/a", "", 0644));
  tree.put(make_text_file("usr/lib/b", "", 0644));
  name_debian_origins(tree);
  CHECK(tree.find("usr/lib/a")->origin == "package demo 1:2");
  CHECK(tree.find("usr/lib/b")->origin.empty());
}

TEST_CASE("install times are set in rpm's headers, and nothing else", "[packages]") {
  const std::string data = big_endian(1111) + big_endian(2222) + "text";
  const std::string intro("\x8e\xad\xe8\x01\0\0\0\0", 8);
  const auto entry = [](std::uint32_t tag, std::uint32_t offset) {
    return big_endian(tag) + big_endian(4) + big_endian(offset) + big_endian(1);
  };
  const std::string header = intro + big_endian(2) +
                             big_endian(static_cast<std::uint32_t>(data.size())) + entry(1000, 0) +
                             entry(1008, 4);
  std::string headers = header + data + header + data;
  set_install_times(headers, 7);
  const std::string expected = header + big_endian(1111) + big_endian(7) + "text";
  CHECK(headers == expected + expected);
  for (const std::string& bad :
       {std::string("x"), headers.substr(0, headers.size() - 1), intro + big_endian(0xffffffff),
        intro + big_endian(1) + big_endian(4) + entry(1008, 1) + "abcd"}) {
    std::string text = bad;
    CHECK_THROWS_AS(set_install_times(text, 7), Error);
  }
}

TEST_CASE("root gets ids that are nobody's, a user its own and its range", "[sandbox]") {
  IdFacts facts = user_facts();
  IdMap map = choose_id_map(facts);
  CHECK(map.by_helpers);
  CHECK(map.users == std::vector<IdRange>{{0, 1000, 1}, {1, 165536, 65536}});
  CHECK(map.groups == std::vector<IdRange>{{0, 100, 1}, {1, 300000, 65536}});
  facts.user = 0;
  map = choose_id_map(facts);
  CHECK_FALSE(map.by_helpers);
  CHECK(map.users == std::vector<IdRange>{{0, 1'000'000'000, 65536}});
  facts.uid_map = facts.gid_map = "0 100000 65536\n";
  CHECK(choose_id_map(facts).users == std::vector<IdRange>{{0, 0, 65536}});
}

TEST_CASE("without a range of ids the error says how to get one", "[sandbox]") {
  IdFacts facts = user_facts();
  facts.subuid = "joe:100000:65536\njane:x:65536\n";
  CHECK_THROWS_WITH(choose_id_map(facts),
                    Catch::Contains("/etc/subuid") && Catch::Contains("usermod --add-subuids"));
  facts.has_helpers = false;
  CHECK_THROWS_WITH(choose_id_map(facts), Catch::Contains("install uidmap"));
  facts.user = 0;
  facts.uid_map = "0 1000 1\n";
  CHECK_THROWS_WITH(choose_id_map(facts), Catch::Contains("65536 ids"));
}

TEST_CASE("a sandbox's plan survives its text", "[sandbox]") {
  SandboxPlan plan;
  plan.ids.users = {{0, 1000, 1}};
  plan.network = true;
  plan.memory = 9;
  plan.binds = {{.from = "/a b", .to = "/c", .writable = true}};
  plan.steps = {
      {.argv = {"x", "y z"}, .env = {"A=b"}, .root = "/tree", .enters = false, .output = "/o"}};
  const SandboxPlan back = sandbox_plan_from_text(to_text(plan));
  CHECK(back.ids.users == plan.ids.users);
  CHECK(back.network);
  CHECK(back.binds.at(0).writable);
  CHECK(back.steps.at(0).argv == plan.steps[0].argv);
  CHECK_FALSE(back.steps.at(0).enters);
  CHECK(back.steps.at(0).output == "/o");
  CHECK_THROWS_AS(sandbox_plan_from_text("{}"), Error);
}

TEST_CASE("the Oracle Linux recipes check packages against Oracle's keys", "[packages]") {
  const std::string release = GENERATE(as<std::string>(), "9", "8", "7");
  const recipe::ImageRecipe recipe =
      recipe::read_image_recipe(KATA_SOURCE "/rootfs/oraclelinux-" + release + ".yaml");
  CHECK(recipe.base.rpm.release == release);
  for (const recipe::RpmRepository& repository : recipe.base.rpm.repositories) {
    CHECK(repository.gpg_check);
    CHECK_THAT(repository.baseurl, Catch::StartsWith("https://yum.oracle.com/"));
    REQUIRE(repository.gpg_keys.size() == 1);
    CHECK_THAT(repository.gpg_keys[0], Catch::EndsWith("oracle-ol" + release));
  }
}
