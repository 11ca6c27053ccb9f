// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/closure.h"

#include <catch2/catch.hpp>
#include <string>

#include "builder/pipeline/elf_links.h"
#include "elf_maker.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

void add_elf(Tree& tree, const std::string& path, const ElfParts& parts) {
  add_file(tree, path, make_elf(parts), 0755);
}

std::vector<std::string> found(const Tree& tree, const std::string& program) {
  Closure closure(tree);
  closure.add(program, {"", "test"});
  std::vector<std::string> paths;
  for (const auto& [path, reason] : closure.kept()) paths.push_back(path);
  for (const Miss& miss : closure.misses()) paths.push_back("-" + miss.name);
  return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("libraries are searched as the dynamic loader does it", "[closure]") {
  Tree tree;
  add_elf(tree, "opt/app/bin/app", {});
  SECTION("RUNPATH with the program's own folder") {
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so"}, .runpath = "/nowhere:$ORIGIN/../lib"});
    add_elf(tree, "opt/app/lib/libx.so", {});
    add_elf(tree, "usr/lib/libx.so", {});
    CHECK(found(tree, "opt/app/bin/app") == Paths{"opt/app/bin/app", "opt/app/lib/libx.so"});
  }
  SECTION("RPATH holds for the libraries of libraries, RUNPATH does not") {
    add_elf(tree, "opt/app/lib/libx.so", {.needed = {"liby.so"}});
    add_elf(tree, "opt/app/lib/liby.so", {});
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so"}, .rpath = "${ORIGIN}/../lib"});
    CHECK(found(tree, "opt/app/bin/app") ==
          Paths{"opt/app/bin/app", "opt/app/lib/libx.so", "opt/app/lib/liby.so"});
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so"}, .runpath = "${ORIGIN}/../lib"});
    CHECK(found(tree, "opt/app/bin/app") ==
          Paths{"opt/app/bin/app", "opt/app/lib/libx.so", "-liby.so"});
  }
  SECTION("a library that is loaded already is found by its name") {
    add_elf(tree, "opt/app/lib/libx.so", {.needed = {"liby.so.1"}});
    add_elf(tree, "opt/app/lib/liby.so", {.soname = "liby.so.1"});
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so", "liby.so"}, .runpath = "/opt/app/lib"});
    CHECK(found(tree, "opt/app/bin/app") ==
          Paths{"opt/app/bin/app", "opt/app/lib/libx.so", "opt/app/lib/liby.so"});
  }
  SECTION("ld.so.conf and what it includes, before the standard folders") {
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so"}});
    add_file(tree, "etc/ld.so.conf", "# comment\ninclude ld.so.conf.d/*.conf\n");
    add_file(tree, "etc/ld.so.conf.d/a.conf", "/opt/libs # ours\ninclude /etc/ld.so.conf\n");
    add_elf(tree, "opt/libs/libx.so", {});
    add_elf(tree, "usr/lib64/libx.so", {});
    CHECK(found(tree, "opt/app/bin/app") == Paths{"opt/app/bin/app", "opt/libs/libx.so"});
  }
  SECTION("every variant for newer processors stays, and the plain one") {
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so"}});
    add_elf(tree, "usr/lib64/glibc-hwcaps/x86-64-v3/libx.so", {});
    add_elf(tree, "usr/lib64/libx.so", {});
    CHECK(found(tree, "opt/app/bin/app") == Paths{"opt/app/bin/app",
                                                  "usr/lib64/glibc-hwcaps/x86-64-v3/libx.so",
                                                  "usr/lib64/libx.so"});
  }
  SECTION("a library for another machine is passed over") {
    add_elf(tree, "opt/app/bin/app", {.needed = {"libx.so"}});
    add_elf(tree, "lib64/libx.so", {.machine = EM_AARCH64});
    add_elf(tree, "usr/lib/libx.so", {});
    CHECK(found(tree, "opt/app/bin/app") == Paths{"opt/app/bin/app", "usr/lib/libx.so"});
  }
}

TEST_CASE("programs that need each other, and links in a circle, come to an end", "[closure]") {
  Tree tree;
  add_elf(tree, "usr/lib/liba.so", {.needed = {"libb.so"}});
  add_elf(tree, "usr/lib/libb.so", {.needed = {"liba.so", "libc.so"}});
  add_link(tree, "usr/lib/libc.so", "libc.so");
  add_file(tree, "bin/sh", "#!/bin/sh\n", 0755);
  CHECK(found(tree, "usr/lib/liba.so") == Paths{"usr/lib/liba.so", "usr/lib/libb.so", "-libc.so"});
  CHECK(found(tree, "bin/sh") == Paths{"bin/sh"});
}

TEST_CASE("damaged ELF files are errors that say who wanted them", "[closure]") {
  Tree tree;
  std::string bytes = make_elf({.needed = {"libx.so"}});
  add_file(tree, "bin/app", bytes.substr(0, bytes.size() - 40), 0755);
  CHECK(
      error_of([&] { found(tree, "bin/app"); }) ==
      "find what /bin/app (test) needs: /bin/app: the ELF file is damaged: its dynamic section is "
      "cut off");
}

TEST_CASE("no damage to an ELF file is more than an error", "[closure]") {
  const std::string whole = make_elf(
      {.interpreter = "/lib64/ld.so", .needed = {"libx.so"}, .soname = "a", .rpath = "/x"});
  // Every byte in turn, and every length
  std::size_t errors = 0;
  const auto read = [&](const std::string& bytes) {
    const auto at = [&](std::uint64_t offset, std::uint64_t size) {
      return offset < bytes.size() ? bytes.substr(offset, size) : std::string();
    };
    try {
      (void)pipeline::read_elf_links(at, "x");
    } catch (const Error& error) {
      CHECK(error.code() == Code::data_loss);
      ++errors;
    }
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[i] = value;
      read(bytes);
    }
    read(whole.substr(0, i));
  }
  CHECK(errors > 100);
}
