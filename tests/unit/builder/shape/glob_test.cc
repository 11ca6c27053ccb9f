// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/glob.h"

#include <catch2/catch.hpp>
#include <string>

#include "trees.h"

using namespace kata::rootfs;

TEST_CASE("patterns match parts of a path, and ** any number of folders", "[glob]") {
  struct Example {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const Example example = GENERATE(values<Example>({
      {"/usr/bin/tool", "usr/bin/tool", true},
      {"/usr/bin/tool", "usr/bin/tools", false},
      {"/usr/bin/tool", "usr/bin/tool/x", false},
      {"/usr/*/tool", "usr/bin/tool", true},
      {"/usr/*", "usr/bin/tool", false},
      {"/usr/bin/t??l", "usr/bin/tool", true},
      {"/usr/bin/[a-t]ool", "usr/bin/tool", true},
      {"/usr/bin/[!t]ool", "usr/bin/tool", false},
      {"/usr/**", "usr/bin/tool", true},
      {"/usr/**", "usr", false},
      {"/usr/**/tool", "usr/tool", true},
      {"/usr/**/tool", "usr/a/b/c/tool", true},
      {"/usr/**/tool", "usr/a/b/c/tool/x", false},
      {"/**/*.py", "usr/lib/python3/x.py", true},
      {"/**/lib/**/*.so", "usr/lib/a/lib/b/x.so", true},
      {"/**/lib/**/*.so", "usr/share/x.so", false},
      {"/usr/share/", "usr/share", true},
      {"/a*/**/z", "ab/b/ab/z", true},
  }));
  INFO(example.pattern << " and " << example.path);
  CHECK(Glob(example.pattern).matches(example.path) == example.matches);
}

TEST_CASE("a pattern covers what is below its matches", "[glob]") {
  const Glob glob("/usr/share/[dm]*");
  CHECK(glob.covers("usr/share/doc/a/b"));
  CHECK(glob.covers("usr/share/man"));
  CHECK_FALSE(glob.covers("usr/share"));
  CHECK_FALSE(glob.covers("usr/share/zoneinfo/doc"));
}

TEST_CASE("a pattern's fixed folders are followed through the tree's links", "[glob]") {
  Tree tree;
  add_link(tree, "sbin", "usr/sbin");
  add_file(tree, "usr/sbin/ip4");
  add_file(tree, "usr/sbin/ip6");
  add_link(tree, "usr/sbin/ip", "ip4");
  const Glob glob = glob_in(tree, "/sbin/ip*");
  CHECK(paths_matching(tree, glob) ==
        std::vector<std::string>{"usr/sbin/ip", "usr/sbin/ip4", "usr/sbin/ip6"});
  CHECK(glob.text() == "/sbin/ip*");
  CHECK(paths_matching(tree, glob_in(tree, "/sbin")) == std::vector<std::string>{"sbin"});
  CHECK(paths_matching(tree, glob_in(tree, "/**/ip")) == std::vector<std::string>{"usr/sbin/ip"});
  CHECK(paths_matching(tree, glob_in(tree, "/opt/*")).empty());
}

TEST_CASE("a pattern with many stars does not take for ever", "[glob]") {
  std::string pattern;
  std::string path = "a";
  for (int i = 0; i < 40; ++i) {
    pattern += "/**/a";
    path += "/a/a";
  }
  CHECK_FALSE(Glob(pattern + "/b").matches(path));
}
