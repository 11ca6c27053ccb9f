// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/tree_path.h"

#include <catch2/catch.hpp>
#include <string>

#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

/// As Debian and Enterprise Linux have it: the old folders are links into /usr.
Tree merged_usr() {
  Tree tree;
  tree.put(make_directory("usr/lib", 0755));
  tree.put(make_directory("usr/sbin", 0755));
  add_link(tree, "lib", "usr/lib");
  add_link(tree, "sbin", "/usr/sbin");
  return tree;
}

}  // namespace

TEST_CASE("a path is followed through relative and absolute links of the tree", "[tree_path]") {
  Tree tree = merged_usr();
  add_file(tree, "usr/lib/libx.so.1.2");
  add_link(tree, "usr/lib/libx.so.1", "libx.so.1.2");
  const TreePath found = resolve(tree, "/lib/libx.so.1");
  CHECK(found.state == TreePath::State::found);
  CHECK(found.path == "usr/lib/libx.so.1.2");
  CHECK(found.links == std::vector<std::string>{"lib", "usr/lib/libx.so.1"});
  CHECK(resolve(tree, "lib/libx.so.1", LastPart::keep).path == "usr/lib/libx.so.1");
  CHECK(resolve(tree, "/sbin/../lib/./libx.so.1").path == "usr/lib/libx.so.1.2");
  CHECK(resolve(tree, "/").path.empty());
  CHECK(find_through(tree, "lib/libx.so.1") == tree.find("usr/lib/libx.so.1.2"));
  CHECK(find_through(tree, "lib/liby.so.1") == nullptr);
}

TEST_CASE("a path that is not there leads to where it would be", "[tree_path]") {
  const Tree tree = merged_usr();
  const TreePath found = resolve(tree, "/lib/modules/6.1/x.ko");
  CHECK(found.state == TreePath::State::missing);
  CHECK(found.path == "usr/lib/modules/6.1/x.ko");
}

TEST_CASE("links that lead round in a circle are found out", "[tree_path]") {
  Tree tree;
  add_link(tree, "a", "b");
  add_link(tree, "b", "a");
  add_link(tree, "self", "self/x");
  CHECK(resolve(tree, "/a").state == TreePath::State::loop);
  CHECK(resolve(tree, "/self").state == TreePath::State::loop);
  CHECK(resolve(tree, "/a", LastPart::keep).state == TreePath::State::found);
  CHECK(error_of([&] {
          put_through(tree, make_text_file("a/file", "", 0644));
        }).find("go round in a circle: /a") != std::string::npos);
}

TEST_CASE("as many links as the kernel follows are followed, and no more", "[tree_path]") {
  Tree tree;
  add_file(tree, "end");
  const int count = GENERATE(40, 41);
  for (int i = 0; i < count; ++i)
    add_link(tree, "l" + std::to_string(i), i == 0 ? "end" : "l" + std::to_string(i - 1));
  const TreePath found = resolve(tree, "l" + std::to_string(count - 1));
  CHECK((found.state == TreePath::State::found) == (count == 40));
}

TEST_CASE("a link that climbs above the root stays in it for readers and stops writers",
          "[tree_path]") {
  Tree tree;
  tree.put(make_directory("etc", 0755));
  add_link(tree, "srv/out", "../../../etc");
  const TreePath found = resolve(tree, "/srv/out/passwd");
  CHECK(found.path == "etc/passwd");
  CHECK(found.leaving_link == "srv/out");
  const std::string error =
      error_of([&] { put_through(tree, make_text_file("srv/out/passwd", "", 0644)); });
  CHECK(error.find("put /srv/out/passwd into the image: the symbolic link /srv/out -> "
                   "../../../etc on its way leaves the image's root") != std::string::npos);
  CHECK_FALSE(tree.contains("etc/passwd"));
}

TEST_CASE("what is put through links lands where they lead", "[tree_path]") {
  Tree tree = merged_usr();
  put_through(tree, make_text_file("sbin/init", "x", 0755));
  CHECK(tree.contains("usr/sbin/init"));
  CHECK(tree.find("sbin")->entry.kind == archive::EntryKind::symlink);

  SECTION("a link in the last place is replaced, and its origin is remembered") {
    Node link = make_symlink("usr/sbin/init", "/lib/systemd/systemd");
    link.origin = "package systemd-sysv 252";
    tree.put(link);
    Node node = make_text_file("sbin/init", "agent", 0755);
    node.origin = "agent";
    put_through(tree, node);
    CHECK(tree.find("usr/sbin/init")->content->text == "agent");
    CHECK(tree.find("usr/sbin/init")->origin == "agent, over package systemd-sysv 252");
  }
  SECTION("but a folder does not replace a link to one") {
    put_through(tree, make_directory("lib", 0700));
    CHECK(tree.find("lib")->entry.kind == archive::EntryKind::symlink);
    CHECK(tree.find("usr/lib")->entry.mode == 0700);
  }
  SECTION("and a file is no folder") {
    CHECK(error_of([&] {
            put_through(tree, make_text_file("sbin/init/x", "", 0644));
          }).find("/usr/sbin/init is not a folder") != std::string::npos);
  }
}
