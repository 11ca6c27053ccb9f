// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/kernel_modules.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "builder/rootfs/shape/text.h"
#include "runtime/base/io.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

struct Modules {
  TempDir dir;
  TempDir work;
  recipe::ImageRecipe recipe;
  RealCommandRunner runner;
  Tree tree;

  Modules() {
    recipe.file = "r.yaml";
    recipe.kernel_modules = dir.path() + "/6.1.0-test";
    file("kernel/net/x.ko", "module");
    tree.put(make_directory("usr/lib", 0755));
    add_link(tree, "lib", "usr/lib");
  }
  void file(const std::string& path, const std::string& content) const {
    const std::string full = recipe.kernel_modules + "/" + path;
    std::filesystem::create_directories(std::filesystem::path(full).parent_path());
    write_file(full, content);
  }
  std::string error() {
    return error_of([&] { add_kernel_modules(recipe, work.path(), tree, runner); });
  }
};

}  // namespace

TEST_CASE("modules with their index go to the kernel's folder, without its build links",
          "[modules]") {
  Modules modules;
  modules.file("modules.dep", "kernel/net/x.ko:\n");
  std::filesystem::create_symlink("/usr/src/linux", modules.recipe.kernel_modules + "/build");
  CHECK(modules.error() == "no error");
  CHECK(modules.tree.contains("usr/lib/modules/6.1.0-test/kernel/net/x.ko"));
  CHECK(modules.tree.contains("usr/lib/modules/6.1.0-test/modules.dep"));
  CHECK_FALSE(modules.tree.contains("usr/lib/modules/6.1.0-test/build"));
}

TEST_CASE("an index that does not fit the modules is an error", "[modules]") {
  Modules modules;
  modules.file("modules.dep", "kernel/net/x.ko: kernel/net/y.ko\n");
  CHECK(modules.error().find("its modules.dep names kernel/net/y.ko, which is not there") !=
        std::string::npos);
  modules.file("modules.dep", "");
  CHECK(modules.error().find("the module kernel/net/x.ko is not in its modules.dep") !=
        std::string::npos);
}

TEST_CASE("a folder without modules is no folder of modules", "[modules]") {
  Modules modules;
  std::filesystem::remove(modules.recipe.kernel_modules + "/kernel/net/x.ko");
  CHECK(modules.error().find("there is no module (*.ko, *.ko.xz, *.ko.zst) in it") !=
        std::string::npos);
}

TEST_CASE("without an index depmod makes it", "[modules]") {
  if (!find_program("depmod")) {
    WARN("there is no depmod here");
    return;
  }
  Modules modules;
  CHECK(modules.error() == "no error");
  CHECK(text_at(modules.tree, "lib/modules/6.1.0-test/modules.dep") == "kernel/net/x.ko:\n");
  CHECK(std::filesystem::is_empty(modules.work.path()));
}
