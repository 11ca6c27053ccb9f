// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/minimize.h"

#include <catch2/catch.hpp>
#include <string>

#include "builder/rootfs/shape/explain.h"
#include "elf_maker.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;
using recipe::ImageRecipe;

constexpr const char* kLoader = "/lib64/ld-linux-x86-64.so.2";

void add_elf(Tree& tree, const std::string& path, const ElfParts& parts) {
  add_file(tree, path, make_elf(parts), 0755);
}

/// A small Debian: merged /usr, a tool with a library, another one that nobody wants.
Tree base() {
  Tree tree;
  for (const char* folder : {"bin", "sbin", "lib", "lib64"}) {
    tree.put(make_directory(std::string("usr/") + folder, 0755));
    add_link(tree, folder, std::string("usr/") + folder);
  }
  const std::string libraries = "usr/lib/x86_64-linux-gnu/";
  add_elf(tree, libraries + "ld-linux-x86-64.so.2", {.soname = "ld-linux-x86-64.so.2"});
  add_link(tree, "usr/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  add_elf(tree, libraries + "libc.so.6",
          {.needed = {"ld-linux-x86-64.so.2"}, .soname = "libc.so.6"});
  add_elf(tree, libraries + "libtool.so.1.2", {.needed = {"libc.so.6"}, .soname = "libtool.so.1"});
  add_link(tree, libraries + "libtool.so.1", "libtool.so.1.2");
  add_elf(tree, libraries + "libother.so.3", {.needed = {"libc.so.6"}, .soname = "libother.so.3"});
  add_elf(tree, "usr/bin/tool", {.interpreter = kLoader, .needed = {"libtool.so.1", "libc.so.6"}});
  add_elf(tree, "usr/bin/other", {.interpreter = kLoader, .needed = {"libother.so.3"}});
  add_link(tree, "usr/bin/alias", "other");
  add_file(tree, "usr/share/doc/tool/README");
  add_file(tree, "usr/share/doc/tool/copyright");
  add_file(tree, "usr/share/man/man1/tool.1");
  add_file(tree, "usr/share/locale/de/LC_MESSAGES/tool.mo");
  add_file(tree, "usr/share/locale/de_AT/LC_MESSAGES/tool.mo");
  add_file(tree, "usr/share/locale/locale.alias");
  add_file(tree, "var/lib/dpkg/status");
  return tree;
}

struct Run {
  Tree tree = base();
  ImageRecipe recipe;
  MinimizeReport report;

  Run() { recipe.file = "r.yaml"; }
  void run() { report = minimize(recipe, tree); }
  std::string error() {
    return error_of([&] { run(); });
  }
  [[nodiscard]] bool has(const std::string& path) const { return tree.contains(path); }
};

}  // namespace

TEST_CASE("without a word of minimize nothing goes", "[minimize]") {
  Run run;
  const std::size_t count = run.tree.nodes().size();
  run.run();
  CHECK(run.tree.nodes().size() == count);
}

TEST_CASE("documentation goes but for licences, with the folders that were for it alone",
          "[minimize]") {
  Run run;
  run.recipe.minimize.documentation = false;
  run.run();
  CHECK_FALSE(run.has("usr/share/doc/tool/README"));
  CHECK(run.has("usr/share/doc/tool/copyright"));
  CHECK_FALSE(run.has("usr/share/man"));
  CHECK(run.report.removed.at("usr/share/man/man1/tool.1").rule ==
        "minimize.documentation: false (/usr/share/man)");
}

TEST_CASE("locales that are listed stay, with their countries", "[minimize]") {
  Run run;
  run.recipe.minimize.locales = std::vector<std::string>{"de"};
  add_file(run.tree, "usr/share/locale/den/LC_MESSAGES/tool.mo");
  add_file(run.tree, "usr/lib/locale/C.utf8/LC_CTYPE");
  add_file(run.tree, "usr/lib/locale/locale-archive");
  run.run();
  CHECK(run.has("usr/share/locale/de/LC_MESSAGES/tool.mo"));
  CHECK(run.has("usr/share/locale/de_AT/LC_MESSAGES/tool.mo"));
  CHECK_FALSE(run.has("usr/share/locale/den"));
  CHECK(run.has("usr/lib/locale/C.utf8/LC_CTYPE"));
  CHECK(run.has("usr/lib/locale/locale-archive"));
  run.recipe.minimize.locales->clear();
  run.run();
  CHECK_FALSE(run.has("usr/share/locale/de"));
  CHECK(run.has("usr/share/locale/locale.alias"));
  CHECK_FALSE(run.has("usr/lib/locale/locale-archive"));
}

TEST_CASE("keep wins over every rule", "[minimize]") {
  Run run;
  run.recipe.minimize.package_databases = false;
  run.recipe.minimize.exclude = {"/usr/share/**"};
  run.recipe.minimize.keep = {"/var/lib/dpkg/status", "/usr/share/doc"};
  run.run();
  CHECK(run.has("var/lib/dpkg/status"));
  CHECK(run.has("usr/share/doc/tool/README"));
  CHECK_FALSE(run.has("usr/share/locale"));
}

TEST_CASE("the closure keeps a program's interpreter, libraries and the links to them",
          "[minimize]") {
  Run run;
  run.recipe.minimize.programs = {"/bin/tool"};
  run.run();
  for (const char* path :
       {"usr/bin/tool", "usr/lib/x86_64-linux-gnu/libtool.so.1",
        "usr/lib/x86_64-linux-gnu/libtool.so.1.2", "usr/lib/x86_64-linux-gnu/libc.so.6",
        "usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "bin",
        "usr/share/doc/tool/README"}) {
    INFO(path);
    CHECK(run.has(path));
  }
  for (const char* path :
       {"usr/bin/other", "usr/bin/alias", "usr/lib/x86_64-linux-gnu/libother.so.3"}) {
    INFO(path);
    CHECK_FALSE(run.has(path));
  }
  CHECK(run.report.removed.at("usr/bin/alias").rule == "what it led to went: /usr/bin/other");
}

TEST_CASE("what the recipe itself brings in stays with all that it needs", "[minimize]") {
  Run run;
  run.recipe.minimize.programs = {"/usr/bin/tool"};
  Node mine = make_text_file("usr/bin/mine",
                             make_elf({.interpreter = kLoader, .needed = {"libother.so.3"}}), 0755);
  mine.origin = "files";
  run.tree.put(mine);
  run.run();
  CHECK(run.has("usr/bin/mine"));
  CHECK(run.has("usr/lib/x86_64-linux-gnu/libother.so.3"));
  CHECK_FALSE(run.has("usr/bin/other"));
}

TEST_CASE("libraries that are opened at run time are listed by name or pattern", "[minimize]") {
  Run run;
  add_elf(run.tree, "usr/lib/x86_64-linux-gnu/xtables/libxt_mark.so",
          {.needed = {"libother.so.3"}});
  run.recipe.minimize.programs = {"/usr/bin/tool"};
  SECTION("pattern") { run.recipe.minimize.libraries = {"/lib/*/xtables/*.so"}; }
  SECTION("name") { run.recipe.minimize.libraries = {"libother.so.3"}; }
  SECTION("none") {
    run.recipe.minimize.libraries = {"libnss_x.so.2"};
    CHECK(run.error() == "r.yaml: minimize.libraries: the image has no library libnss_x.so.2");
    return;
  }
  run.run();
  CHECK(run.has("usr/lib/x86_64-linux-gnu/libother.so.3"));
  CHECK(run.has("usr/lib/x86_64-linux-gnu/xtables/libxt_mark.so") ==
        (run.recipe.minimize.libraries[0][0] == '/'));
}

TEST_CASE("scripts keep their interpreter, through env too", "[minimize]") {
  Run run;
  add_file(run.tree, "usr/bin/script", "#!/usr/bin/env -S VAR=1 tool --x\necho\n", 0755);
  add_elf(run.tree, "usr/bin/env", {.interpreter = kLoader, .needed = {"libc.so.6"}});
  add_file(run.tree, "usr/bin/plain", "#! /bin/other -e\n", 0755);
  run.recipe.minimize.programs = {"/usr/bin/script"};
  run.run();
  CHECK(run.has("usr/bin/env"));
  CHECK(run.has("usr/bin/tool"));
  CHECK_FALSE(run.has("usr/bin/plain"));
  run.tree.remove("usr/bin/tool");
  CHECK(run.error() ==
        "r.yaml: /usr/bin/script (minimize.programs /usr/bin/script) is run by tool, which is not "
        "in the image: add the package that has it, or leave the program out");
}

TEST_CASE("what stays and needs what a pattern takes away is an error that names both",
          "[minimize]") {
  Run run;
  run.recipe.minimize.exclude = {"/usr/lib/**/libtool.so*"};
  const std::string expected =
      "r.yaml: /usr/lib/x86_64-linux-gnu/libtool.so.1 is taken away by minimize.exclude "
      "/usr/lib/**/libtool.so*, but /usr/bin/tool, which stays, needs libtool.so.1: exclude that, "
      "too, or keep /usr/lib/x86_64-linux-gnu/libtool.so.1";
  SECTION("whether or not programs are listed") {
    if (GENERATE(true, false)) run.recipe.minimize.programs = {"/usr/bin/tool"};
    CHECK(run.error() == expected);
  }
  SECTION("but not when the program goes, too") {
    run.recipe.minimize.exclude.emplace_back("/usr/bin/tool");
    CHECK(run.error() == "no error");
  }
  SECTION("nor when another program is meant") {
    run.recipe.minimize.programs = {"/usr/bin/other"};
    CHECK(run.error() == "no error");
  }
}

TEST_CASE("a program that is not there is an error with its nearest name", "[minimize]") {
  Run run;
  run.recipe.minimize.programs = {"/usr/sbin/tool"};
  CHECK(run.error() ==
        "r.yaml: minimize.programs: the image has no file /usr/sbin/tool; did you mean "
        "/usr/bin/tool?");
  run.recipe.minimize.programs = {"/usr/bin/tol"};
  CHECK(run.error().find("did you mean /usr/bin/tool?") != std::string::npos);
  run.recipe.minimize.programs = {"/usr/bin/tool"};
  run.recipe.minimize.exclude = {"/usr/bin/tool"};
  CHECK(run.error().find("/usr/bin/tool: minimize.exclude /usr/bin/tool takes it away") !=
        std::string::npos);
}

TEST_CASE("folders that something waits for stay though they are empty", "[minimize]") {
  Run run;
  run.recipe.minimize.exclude = {"/var/lib/*/*", "/srv/*/*"};
  Node spool = make_directory("var/lib/spool", 0700);
  run.tree.put(spool);
  add_file(run.tree, "var/lib/spool/x");
  add_file(run.tree, "srv/linked/x");
  add_link(run.tree, "opt/link", "../srv/linked");
  run.run();
  CHECK_FALSE(run.has("var/lib/dpkg"));
  CHECK(run.has("var/lib/spool"));
  CHECK(run.has("srv/linked"));
}

TEST_CASE("why a file is in the image, or why not, is told with the whole chain", "[explain]") {
  Run run;
  run.recipe.minimize.programs = {"/bin/tool"};
  run.recipe.minimize.documentation = false;
  run.run();
  const auto explain = [&](const char* path) { return explain_path(run.tree, run.report, path); };
  CHECK(explain("/lib/x86_64-linux-gnu/libtool.so.1.2") ==
        fmt::format("/lib/x86_64-linux-gnu/libtool.so.1.2\n"
                    "  that is: /usr/lib/x86_64-linux-gnu/libtool.so.1.2\n"
                    "  is: a file of {} bytes, mode 0755, owner 0:0\n"
                    "  from: made as a folder for what is in it, or a mount point that the base "
                    "lacks\n"
                    "  needed by:\n"
                    "    /usr/bin/tool (minimize.programs /bin/tool)\n"
                    "    /usr/lib/x86_64-linux-gnu/libtool.so.1 (needs libtool.so.1)\n"
                    "    /usr/lib/x86_64-linux-gnu/libtool.so.1.2 (link)\n",
                    run.tree.find("usr/lib/x86_64-linux-gnu/libtool.so.1.2")->content->size));
  CHECK(explain("/usr/bin/other").find("taken away by: minimize.programs: none of them needs it") !=
        std::string::npos);
  CHECK(explain("/usr/share/man/man1/tool.1").find("minimize.documentation: false") !=
        std::string::npos);
  CHECK(explain("/usr/bin/toll").find("there is: /usr/bin/tool\n") != std::string::npos);
}
