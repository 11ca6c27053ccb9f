// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/tree_store.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "builder/pipeline/digest.h"
#include "builder/rootfs/base/tree_file.h"
#include "runtime/base/error.h"
#include "tests/unit/builder/base/base_bench.h"

namespace {

using namespace kata;
using namespace kata::test;
namespace fs = std::filesystem;

rootfs::Base sample(rootfs::Spool& spool) {
  rootfs::Base base;
  rootfs::Node file = rootfs::make_text_file("etc/a name with blanks %41\n", "text", 04755);
  file.origin = "package demo 1.0";
  file.entry.uid = 4294967294U;
  file.entry.xattrs["user.empty"] = "";
  file.entry.xattrs["security.capability"] = std::string("\x01\x00\x00 \n%", 6);
  rootfs::Node link = file;
  link.entry.path = "etc/linked";
  base.tree.put(std::move(file));
  base.tree.put(std::move(link));
  base.tree.put(rootfs::make_symlink("l", "/a b"));
  base.tree.put(rootfs::make_device("dev/x", true, 259, 7, 0600));
  rootfs::Node spooled = rootfs::make_directory("s", 0644);
  spooled.entry.kind = archive::EntryKind::file;
  spooled.content = spool.add([](const auto& take) { take("spooled"); });
  base.tree.put(std::move(spooled));
  base.packages.push_back({.name = "demo",
                           .version = "1.0",
                           .license = "",
                           .purl = "pkg:deb/debian/demo@1.0",
                           .relation = "CONTAINS",
                           .sha256 = std::string(64, 'a')});
  return base;
}

const std::string kKey(64, 'c');

rootfs::Base stored(BaseBench& bench, int& made) {
  return rootfs::stored_tree(kKey, "base", bench.context,
                             [&](const std::string&, rootfs::Spool& spool) {
                               ++made;
                               return sample(spool);
                             });
}

}  // namespace

TEST_CASE("a stored tree comes back with every attribute, and is made once", "[tree-store]") {
  BaseBench bench;
  rootfs::Spool spool(bench.path("spool"));
  const rootfs::Base original = sample(spool);
  int made = 0;
  const std::string digest = rootfs::tree_digest(original.tree);
  for (int round = 0; round < 2; ++round) {
    const rootfs::Base base = stored(bench, made);
    CHECK(rootfs::tree_digest(base.tree) == digest);
    CHECK(base.packages == original.packages);
    const rootfs::Node* file = base.tree.find("etc/linked");
    CHECK(file->origin == "package demo 1.0");
    CHECK(file->entry.xattrs == original.tree.find("etc/linked")->entry.xattrs);
    CHECK(file->content == base.tree.find("etc/a name with blanks %41\n")->content);
    CHECK(bench.text(base, "s") == "spooled");
  }
  CHECK(made == 1);
}

TEST_CASE("a damaged stored tree is made anew", "[tree-store]") {
  BaseBench bench;
  int made = 0;
  (void)stored(bench, made);
  const std::string folder = bench.path("cache/trees/" + kKey + "/");
  SECTION("contents") { write_file(folder + "contents", "another"); }
  SECTION("index") {
    std::string text = read_file(folder + "index");
    text[text.size() - 10] ^= 1;
    write_file(folder + "index", text);
  }
  SECTION("a cut index") { fs::resize_file(folder + "index", 90); }
  SECTION("no index") { fs::remove(folder + "index"); }
  CHECK(bench.text(stored(bench, made), "s") == "spooled");
  CHECK(made == 2);
}

TEST_CASE("an index that nobody wrote is an error, never a tree", "[tree-store]") {
  const auto wrapped = [](const std::string& body) {
    return "katabuild tree 1 " + pipeline::sha256_of_text(body) + "\n" + body;
  };
  for (const std::string& text :
       {std::string(), std::string("katabuild tree 1"), wrapped("[]\n"), wrapped("{\n\n\n\n"),
        wrapped("[]\n\n\n0 0 0 0 0 0 0 0 a %\n\n"), wrapped("[]\n\n%\n\n0 0 0 0 0 0 0 1 a %\n\n"),
        wrapped("[]\n\n%\n\n99 0 0 0 0 0 0 0 a %\n\n"),
        wrapped("[]\n\n%\n\n1 0 0 0 0 0 0 0 /a %\n\n"),
        wrapped("[]\n\n%\n\n1 0 0 0 0 0 0 0 %4 %\n\n"), wrapped("[]\n1 2\n\n%\n\n\n")}) {
    CHECK_THROWS_AS(rootfs::tree_from_text(text, "/contents"), Error);
  }
  CHECK(rootfs::tree_from_text(wrapped("[]\n\n%\n\n1 0 0 0 0 0 0 0 a %\n\n"), "/c")
            .tree.contains("a"));
}

TEST_CASE("a maker that fails leaves nothing in the cache", "[tree-store]") {
  BaseBench bench;
  CHECK_THROWS_AS(rootfs::stored_tree(kKey, "base", bench.context,
                                      [](const std::string&, rootfs::Spool&) -> rootfs::Base {
                                        throw_error(Code::internal, "no");
                                      }),
                  Error);
  CHECK(fs::is_empty(bench.path("cache/trees")));
  CHECK(fs::is_empty(bench.path("cache/work")));
}
