// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "builder/recipe/package_recipe.h"
#include "builder/recipe/recipe_yaml.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::recipe;

const std::string kGood =
    "name: p\npackager: P <p@example.com>\nvendor: V\nurl: https://example.com\n"
    "releases: [el7, el9]\n";

struct RecipeFile {
  explicit RecipeFile(const std::string& text) : path(dir.path() + "/r.yaml") {
    write_file(path, text);
  }
  TempDir dir;
  std::string path;
};

std::string error_of(const std::string& text) {
  const RecipeFile file(text);
  try {
    (void)read_package_recipe(file.path);
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    const std::string message = error.what();
    return message.starts_with(file.path) ? "r.yaml" + message.substr(file.path.size()) : message;
  }
  return "no error";
}

}  // namespace

TEST_CASE("a package recipe is read, and relations are those of the release", "[rpm]") {
  const RecipeFile file(
      kGood +
      "timestamp: 2026-01-01\npackages:\n"
      "  kata-runtime:\n"
      "    requires: {all: [kata-kernel], el7: [qemu-kvm], el9: [qemu-kvm-core]}\n"
      "    recommends: [virtiofsd]\n"
      "  katabuild: {releases: [el8, el9]}\n  kata-agent:\n"
      "signing: {key_file: key.asc, key: ABCD}\n");
  const PackageRecipe recipe = read_package_recipe(file.path);
  CHECK(recipe_kind(file.path) == RecipeKind::packages);
  CHECK(recipe.version == KATA_VERSION);
  CHECK(recipe.templates == file.dir.path());
  REQUIRE(recipe.packages.size() == 3);
  const PackageEntry& runtime = recipe.packages[0];
  CHECK(relation_lines(runtime, "requires", "el7") ==
        std::vector<std::string>{"kata-kernel", "qemu-kvm"});
  CHECK(relation_lines(runtime, "requires", "el9") ==
        std::vector<std::string>{"kata-kernel", "qemu-kvm-core"});
  CHECK(relation_lines(runtime, "recommends", "el7").empty());
  CHECK(relation_lines(runtime, "recommends", "el9") == std::vector<std::string>{"virtiofsd"});
  CHECK(recipe.packages[1].releases == std::vector<std::string>{"el9"});
  CHECK(recipe.packages[2].releases == recipe.releases);
  REQUIRE(recipe.signing);
  CHECK(recipe.signing->key_file == file.dir.path() + "/key.asc");
  CHECK(to_json(recipe).at("signing").at("key") == "ABCD");
}

TEST_CASE("mistakes in a package recipe name the place and the remedy", "[rpm]") {
  const std::string agent = "packages: {kata-agent: }\n";
  const auto [text, expected] = GENERATE_COPY(table<std::string, std::string>({
      {kGood + "packages: {kata-runtme: }\n",
       "r.yaml:6:12: unknown key \"kata-runtme\" in packages: did you mean \"kata-runtime\"?"},
      {kGood + "packages: {}\n", "r.yaml:6:11: packages must name at least one package"},
      {kGood + agent + "releases: [el6]\n", "key \"releases\" is there twice"},
      {"releases: [el6]\n", "r.yaml:1:12: a release must be one of el7, el8, el9, el10"},
      {kGood + "packages: {kata-agent: {requires: {el7: [\"(a or b)\"]}}}\n",
       "el7's rpm knows no rich dependencies such as \"(a or b)\""},
      {kGood + "packages: {kata-agent: {requires: [\"(a or b)\"]}}\n",
       "el7's rpm knows no rich dependencies"},
      {kGood + "packages: {kata-agent: {recommends: {el7: [a]}}}\n",
       "el7's rpm knows no Recommends: list a under requires"},
      {kGood + "packages: {kata-agent: {requires: [\"a\\nRequires: b\"]}}\n",
       "requires must be one line without %"},
      {kGood + "packages: {kata-agent: {requires: [\"%(id)\"]}}\n",
       "requires must be one line without %"},
      {kGood + "packages: {kata-release: }\n", "kata-release needs \"repository\""},
      {kGood + agent + "repository: {baseurl: ftp://x}\n",
       "r.yaml:7:23: baseurl must be an https, http or file URL"},
      {kGood + agent + "version: 1-2\n", "version may hold letters, digits and ._+~ only"},
      {kGood + agent + "programs: ../x\n", "programs: ../x leaves the recipe's folder"},
      {kGood + agent + "signing: {key: A}\n",
       "r.yaml:7:10: signing needs one of \"gnupg_home\", \"key_file\" and \"agent_socket\""},
      {kGood + agent + "signing: {key_file: a, gnupg_home: b}\n", "signing needs one of"},
      {kGood + agent + "signing: {agent_socket: /a}\n",
       "\"agent_socket\" and \"public_key\" go together"},
      {kGood + agent + "signing: {trial: true, gnupg_home: b}\n", "a trial key is kept in a"},
      {kGood + agent + "signing: {key_file: a, passphrase_file: b, passphrase_variable: C}\n",
       "signing takes one of \"passphrase_file\" and \"passphrase_variable\""},
      {"packages: {kata-agent: }\n", "a package recipe lacks the key \"name\""},
  }));
  CHECK_THAT(error_of(text), Catch::Contains(expected));
}
