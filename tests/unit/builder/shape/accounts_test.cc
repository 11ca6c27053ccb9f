// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/accounts.h"

#include <catch2/catch.hpp>
#include <string>

#include "builder/rootfs/shape/text.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;
using recipe::ImageGroup;
using recipe::ImageRecipe;
using recipe::ImageUser;

ImageRecipe recipe_with(std::vector<ImageUser> users, std::vector<ImageGroup> groups = {}) {
  ImageRecipe recipe;
  recipe.file = "r.yaml";
  recipe.users = std::move(users);
  recipe.groups = std::move(groups);
  return recipe;
}

ImageUser user(const std::string& name, unsigned uid, unsigned gid) {
  ImageUser result;
  result.name = name;
  result.uid = uid;
  result.gid = gid;
  return result;
}

/// A base with the usual lists.
Tree base() {
  Tree tree;
  add_file(tree, "etc/passwd",
           "root:x:0:0:root:/root:/bin/bash\nchrony:x:101:102::/var/lib/chrony:/bin/sh\n");
  add_file(tree, "etc/group", "root:x:0:\nadm:x:4:root\nchrony:x:102:\n");
  add_file(tree, "etc/shadow", "root:*:19000:0:99999:7:::\nchrony:!:19000::::::\n", 0640);
  add_file(tree, "etc/gshadow", "root:*::\nadm:*::root\nchrony:!::\n", 0640);
  return tree;
}

std::string text(const Tree& tree, const char* path) { return text_at(tree, path).value_or("-"); }

}  // namespace

TEST_CASE("a new user is in all lists, with a group and a locked password", "[accounts]") {
  Tree tree = base();
  add_accounts(recipe_with({user("probe", 900, 901)}), tree);
  CHECK(text(tree, "etc/passwd").ends_with("probe:x:900:901::/:/sbin/nologin\n"));
  CHECK(text(tree, "etc/group").ends_with("chrony:x:102:\nprobe:x:901:\n"));
  CHECK(text(tree, "etc/shadow").ends_with("probe:!:::::::\n"));
  CHECK(text(tree, "etc/gshadow").ends_with("probe:!::\n"));
  CHECK(tree.find("etc/shadow")->entry.mode == 0640);
}

TEST_CASE("an image from scratch gets the lists", "[accounts]") {
  Tree tree;
  ImageUser root = user("root", 0, 0);
  root.home = "/root";
  root.shell = "/bin/sh";
  add_accounts(recipe_with({root}), tree);
  CHECK(text(tree, "etc/passwd") == "root:x:0:0::/root:/bin/sh\n");
  CHECK(text(tree, "etc/group") == "root:x:0:\n");
  CHECK(tree.find("etc/shadow")->entry.mode == 0600);
  CHECK_FALSE(tree.contains("etc/gshadow"));
}

TEST_CASE("an account of the base with the same ids gets what the recipe says", "[accounts]") {
  Tree tree = base();
  ImageUser chrony = user("chrony", 101, 102);
  chrony.shell = "/sbin/nologin";
  add_accounts(recipe_with({chrony}, {{.name = "chrony", .gid = 102, .members = {}}}), tree);
  CHECK(text(tree, "etc/passwd").ends_with("chrony:x:101:102::/var/lib/chrony:/sbin/nologin\n"));
  CHECK(text(tree, "etc/group") == text(base(), "etc/group"));
  CHECK(text(tree, "etc/shadow") == text(base(), "etc/shadow"));
}

TEST_CASE("members are added once, in both lists of groups", "[accounts]") {
  Tree tree = base();
  add_accounts(recipe_with({user("probe", 900, 900)},
                           {{.name = "adm", .gid = 4, .members = {"root", "probe"}}}),
               tree);
  CHECK(text(tree, "etc/group").find("adm:x:4:root,probe\n") != std::string::npos);
  CHECK(text(tree, "etc/gshadow").find("adm:*::root,probe\n") != std::string::npos);
}

TEST_CASE("names and ids that belong to others are errors that name both", "[accounts]") {
  Tree tree = base();
  const auto error = [&](const ImageRecipe& recipe) {
    return error_of([&] { add_accounts(recipe, tree); });
  };
  CHECK(error(recipe_with({user("chrony", 105, 102)})) ==
        "r.yaml: user chrony shall have the ids 105:102, but the base has a user chrony with "
        "101:102");
  CHECK(error(recipe_with({user("time", 101, 900)})) ==
        "r.yaml: user time shall have the id 101, which is that of the user chrony");
  CHECK(error(recipe_with({}, {{.name = "adm", .gid = 7, .members = {}}})) ==
        "r.yaml: group adm shall have the id 7, but the base has a group adm with the id 4");
  CHECK(error(recipe_with({}, {{.name = "ops", .gid = 4, .members = {}}})) ==
        "r.yaml: group ops shall have the id 4, which is that of the group adm");
  CHECK(error(recipe_with({}, {{.name = "ops", .gid = 70, .members = {"nobody"}}})) ==
        "r.yaml: group ops: its member nobody is no user of the image");
  // A user's own group of a name that another group has
  CHECK(error(recipe_with({user("adm", 900, 901)})) ==
        "r.yaml: group adm shall have the id 901, but the base has a group adm with the id 4");
}
