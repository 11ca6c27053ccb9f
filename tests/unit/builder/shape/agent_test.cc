// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "builder/rootfs/agent_install.h"
#include "builder/rootfs/shape/text.h"
#include "runtime/base/io.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

struct Install {
  TempDir dir;
  recipe::ImageRecipe recipe;
  RealCommandRunner runner;
  Tree tree;

  Install() {
    recipe.file = "r.yaml";
    recipe.agent.strip = false;
    recipe.agent.path = "/proc/self/exe";  // a program that is surely for this machine
    recipe.base.kind = recipe::BaseKind::directory;
    tree.put(make_directory("usr/sbin", 0755));
    tree.put(make_directory("usr/lib", 0755));
    add_link(tree, "sbin", "usr/sbin");
    add_link(tree, "lib", "usr/lib");
  }
  std::string error() {
    return error_of([&] { install_agent(recipe, dir.path(), tree, runner); });
  }
};

}  // namespace

TEST_CASE("the agent is /init of an initrd, and /sbin/init too on a disk", "[agent]") {
  Install install;
  add_link(install.tree, "usr/sbin/init", "/lib/systemd/systemd");
  SECTION("initrd") {
    CHECK(install.error() == "no error");
    CHECK(install.tree.find("init")->entry.mode == 0755);
    CHECK(install.tree.find("init")->origin == "agent");
    CHECK(install.tree.find("usr/sbin/init")->entry.kind == archive::EntryKind::symlink);
  }
  SECTION("disk") {
    install.recipe.format = recipe::ImageFormat::disk;
    CHECK(install.error() == "no error");
    CHECK(install.tree.find("sbin")->entry.kind == archive::EntryKind::symlink);
    // Two names of one file: it is there once
    CHECK(install.tree.find("usr/sbin/init")->content == install.tree.find("init")->content);
  }
}

TEST_CASE("the agent as a service is what systemd boots into", "[agent]") {
  Install install;
  install.recipe.agent.as_service = true;
  CHECK(install.error() ==
        "r.yaml: agent as a service: the base has no systemd (/usr/lib/systemd/systemd): add its "
        "package, or use `as: /init`");
  add_file(install.tree, "usr/lib/systemd/systemd", "x", 0755);
  SECTION("initrd") {
    CHECK(install.error() == "no error");
    CHECK(install.tree.find("init")->entry.target == "/usr/lib/systemd/systemd");
  }
  SECTION("disk") {
    install.recipe.format = recipe::ImageFormat::disk;
    CHECK(install.error() == "no error");
    CHECK(install.tree.find("usr/sbin/init")->entry.target == "/usr/lib/systemd/systemd");
  }
  const Tree& tree = install.tree;
  CHECK(tree.find("usr/bin/kata-agent")->entry.mode == 0755);
  CHECK(tree.find("etc/systemd/system/default.target")->entry.target ==
        "/usr/lib/systemd/system/kata-containers.target");
  const std::string service =
      text_at(tree, "etc/systemd/system/kata-containers.target.wants/kata-agent.service")
          .value_or("");
  CHECK(service.find("ExecStart=/usr/bin/kata-agent\n") != std::string::npos);
}
