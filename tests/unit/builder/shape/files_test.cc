// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "builder/rootfs/shape/capabilities.h"
#include "builder/rootfs/shape/guest_hooks.h"
#include "builder/rootfs/shape/text.h"
#include "runtime/base/io.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;
using archive::EntryKind;
using recipe::FileKind;
using recipe::ImageFile;
using recipe::ImageRecipe;

/// A folder on the builder.
struct Folder {
  TempDir dir;
  void file(const std::string& path, const std::string& content, unsigned mode = 0644) const {
    const std::string full = dir.path() + "/" + path;
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    write_file(full, content);
    REQUIRE(::chmod(full.c_str(), mode) == 0);
  }
};

ImageRecipe recipe_with(const Folder& overlay) {
  ImageRecipe recipe;
  recipe.file = "r.yaml";
  recipe.overlays = {overlay.dir.path()};
  return recipe;
}

}  // namespace

TEST_CASE("an overlay brings names, contents and whether a file may be run, no more", "[overlay]") {
  Folder overlay;
  overlay.file("etc/motd", "hello\n", 0600);
  overlay.file("usr/bin/tool", "#!/bin/sh\n", 04700);
  std::filesystem::create_symlink("tool", overlay.dir.path() + "/usr/bin/alias");
  Tree tree;
  add_overlays(recipe_with(overlay), tree);
  CHECK(tree.find("etc/motd")->entry.mode == 0644);
  CHECK(tree.find("usr/bin/tool")->entry.mode == 0755);
  CHECK(tree.find("usr/bin")->entry.mode == 0755);
  CHECK(tree.find("usr/bin/alias")->entry.target == "tool");
  CHECK(tree.find("etc/motd")->origin ==
        "overlay " + std::filesystem::path(overlay.dir.path()).filename().string());
}

TEST_CASE("an overlay is laid over the base: through its links, and its folders keep their modes",
          "[overlay]") {
  Folder overlay;
  overlay.file("lib/modules-load.d/x.conf", "x\n");
  overlay.file("tmp/keep", "");
  overlay.file("etc/motd", "new\n");
  Tree tree;
  tree.put(make_directory("usr/lib", 0755));
  tree.put(make_directory("tmp", 01777));
  add_link(tree, "lib", "usr/lib");
  Node motd = make_text_file("etc/motd", "old\n", 0600);
  motd.origin = "package base-files 12";
  tree.put(motd);
  add_overlays(recipe_with(overlay), tree);
  CHECK(tree.contains("usr/lib/modules-load.d/x.conf"));
  CHECK(tree.find("lib")->entry.kind == EntryKind::symlink);
  CHECK(tree.find("tmp")->entry.mode == 01777);
  CHECK(text_at(tree, "etc/motd") == "new\n");
  CHECK(tree.find("etc/motd")->origin.find(", over package base-files 12") != std::string::npos);
}

TEST_CASE("an overlay through a link that leaves the root is refused with its name", "[overlay]") {
  Folder overlay;
  overlay.file("srv/data/file", "x");
  Tree tree;
  add_link(tree, "srv/data", "../../outside");
  const std::string error = error_of([&] { add_overlays(recipe_with(overlay), tree); });
  CHECK(error.find("r.yaml: overlay " + overlay.dir.path()) == 0);
  CHECK(error.find("/srv/data -> ../../outside") != std::string::npos);
  CHECK(error_of([&] {
          ImageRecipe recipe;
          recipe.file = "r.yaml";
          recipe.overlays = {"/nonexistent-overlay"};
          add_overlays(recipe, tree);
        }).find("/nonexistent-overlay: No such file or directory") != std::string::npos);
}

TEST_CASE("files have owners, modes, attributes and capabilities", "[files]") {
  ImageRecipe recipe;
  recipe.file = "r.yaml";
  ImageFile file;
  file.path = "/usr/bin/ping";
  file.content = "x";
  file.mode = 0755;
  file.uid = 1;
  file.gid = 2;
  file.xattrs = {{"user.note", "text"}};
  file.capabilities = "cap_net_raw+p";
  recipe.files = {file};
  Tree tree;
  add_files(recipe, tree);
  const archive::Entry& entry = tree.find("usr/bin/ping")->entry;
  CHECK(entry.uid == 1);
  CHECK(entry.gid == 2);
  CHECK(entry.xattrs.at("user.note") == "text");
  CHECK(entry.xattrs.at("security.capability") == capability_attribute("cap_net_raw+p"));

  recipe.files[0].capabilities = "cap_nonsense+p";
  CHECK(error_of([&] {
          add_files(recipe, tree);
        }).find("r.yaml: capabilities \"cap_nonsense+p\"") == 0);
}

TEST_CASE("attributes change what is there, by patterns, for all names of a file", "[attributes]") {
  Tree tree;
  add_file(tree, "usr/bin/ping", "x", 0755);
  Node other = *tree.find("usr/bin/ping");
  other.entry.path = "usr/bin/ping4";
  tree.put(other);
  add_link(tree, "usr/bin/ping6", "ping");
  tree.put(make_directory("var/lib/chrony", 0755));
  ImageRecipe recipe;
  recipe.file = "r.yaml";
  recipe.attributes = {
      {.path = "/usr/bin/ping",
       .owner = {},
       .mode = 0750,
       .xattrs = {},
       .capabilities = "cap_net_raw+ep"},
      {.path = "/var/lib/*", .owner = {{101, 102}}, .mode = {}, .xattrs = {}, .capabilities = ""}};
  set_attributes(recipe, tree);
  for (const char* name : {"usr/bin/ping", "usr/bin/ping4"}) {
    CHECK(tree.find(name)->entry.mode == 0750);
    CHECK(tree.find(name)->entry.xattrs.count("security.capability") == 1);
  }
  CHECK(tree.find("usr/bin/ping")->content == tree.find("usr/bin/ping4")->content);
  CHECK(tree.find("var/lib/chrony")->entry.uid == 101);
  CHECK(tree.find("var/lib/chrony")->entry.gid == 102);

  SECTION("a pattern passes over what cannot have them") {
    recipe.attributes = {
        {.path = "/usr/bin/*", .owner = {}, .mode = 0700, .xattrs = {}, .capabilities = ""}};
    set_attributes(recipe, tree);
    CHECK(tree.find("usr/bin/ping6")->entry.mode == 0777);
  }
  SECTION("but a path that cannot, and one that is not there, are errors") {
    recipe.attributes = {
        {.path = "/usr/bin/ping6", .owner = {}, .mode = 0700, .xattrs = {}, .capabilities = ""}};
    CHECK(error_of([&] { set_attributes(recipe, tree); }) ==
          "r.yaml: attributes of /usr/bin/ping6: it is a symbolic link, which has no mode: name "
          "what it leads to");
    recipe.attributes = {
        {.path = "/usr/bin/pong", .owner = {}, .mode = 0700, .xattrs = {}, .capabilities = ""}};
    CHECK(error_of([&] { set_attributes(recipe, tree); }) ==
          "r.yaml: attributes of /usr/bin/pong: nothing in the image matches it");
  }
}

TEST_CASE("guest hooks are installed where the agent finds them", "[hooks]") {
  Folder hooks;
  hooks.file("prestart/10-device", "#!/bin/sh\n", 0700);
  ImageRecipe recipe;
  recipe.file = "r.yaml";
  recipe.guest_hooks = hooks.dir.path();
  Tree tree;
  add_guest_hooks(recipe, tree);
  CHECK(tree.find("usr/share/oci/hooks/prestart/10-device")->entry.mode == 0755);
  const auto error = [&] { return error_of([&] { add_guest_hooks(recipe, tree); }); };

  SECTION("one that cannot be run is an error") {
    hooks.file("poststop/20-clean", "#!/bin/sh\n", 0644);
    CHECK(error().find("poststop/20-clean cannot be run: give it the mode 0755") !=
          std::string::npos);
  }
  SECTION("so is another folder") {
    hooks.file("createRuntime/x", "#!/bin/sh\n", 0755);
    CHECK(error().find("createRuntime is in none of the folders prestart") != std::string::npos);
  }
  SECTION("and none at all") {
    std::filesystem::remove(hooks.dir.path() + "/prestart/10-device");
    CHECK(error().find("there is no hook in its folders") != std::string::npos);
  }
}
