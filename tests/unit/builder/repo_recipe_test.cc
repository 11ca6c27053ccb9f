// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "builder/recipe/repo_recipe_yaml.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::recipe;

constexpr const char* kHead =
    "name: kata\ntitle: Kata\nbase_url: https://example.com/kata/\n"
    "signing: {key_file: key}\n";

RepoRecipe read(const std::string& text) {
  const TempDir dir;
  write_file(dir.path() + "/r.yaml", text);
  write_file(dir.path() + "/advisories.yaml",
             "- {id: A-1, type: security, severity: Low, title: T, issued: 2026-01-01,\n"
             "   packages: [demo-1-1]}\n");
  return read_repo_recipe(dir.path() + "/r.yaml");
}

/// The error about `text` after kHead and channels, from its line on.
std::string error_of(const std::string& text) {
  try {
    (void)read(text);
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    const std::string what = error.what();
    return what.substr(what.find(".yaml:"));
  }
  return "no error";
}

}  // namespace

TEST_CASE("a repository's recipe is read with its defaults", "[recipe]") {
  const RepoRecipe recipe =
      read(std::string(kHead) +
           "channels:\n  - {release: el7, pools: [a, b]}\n"
           "  - {release: el10, architectures: [aarch64, src], pools: [c], compression: zstd}\n"
           "advisories: [advisories.yaml]\nkeep_versions: 3\n");
  CHECK(recipe.base_url == "https://example.com/kata");
  REQUIRE(recipe.channels.size() == 2);
  CHECK(recipe.channels[0].architectures == std::vector<std::string>{"x86_64"});
  CHECK(recipe.channels[0].compression == MetadataCompression::gzip);
  CHECK(recipe.channels[0].pools.size() == 2);
  CHECK(recipe.channels[0].pools[0].ends_with("/a"));
  CHECK(recipe.channels[1].compression == MetadataCompression::zstd);
  CHECK(recipe.keep_versions == 3);
  CHECK(recipe.keep_snapshots == 5);
  REQUIRE(recipe.advisories.size() == 1);
  CHECK(recipe.advisories[0].severity == "Low");
}

TEST_CASE("a mistake in a repository's recipe is told with its place", "[recipe]") {
  struct Case {
    std::string text;
    std::string error;
  };
  const std::string head = kHead;
  const std::string channels = "channels: [{release: el9, pools: [p]}]\n";
  const auto [text, error] = GENERATE_COPY(
      Case{head, "lacks the key \"channels\""},
      Case{head + "chanels: []\n",
           ":5:1: unknown key \"chanels\" in a repository's recipe: did you "
           "mean \"channels\"?"},
      Case{head + "channels: []\n", "channels must name at least one"},
      Case{head + "channels: [{release: el6, pools: [p]}]\n",
           ":5:22: release must be one of el7, el8, el9, el10, not \"el6\""},
      Case{head + "channels: [{release: el7, pools: [p], compression: zstd}]\n",
           "compression of el7 must be gzip"},
      Case{head + "channels: [{release: el9, pools: [../p]}]\n", "leaves the recipe's folder"},
      Case{head + "channels: [{release: el9, pools: [p]}, {release: el9, pools: [q]}]\n",
           "channel el9 is there twice"},
      Case{head + channels + "keep_snapshots: 0\n", "keep_snapshots must be at least 1"},
      Case{head + channels + "groups: [{id: a, name: A}]\n", "group a needs packages"},
      Case{head + channels + "advisories: [advisories.yaml, r.yaml]\n", "must be a list"},
      Case{"name: a/b\n", ":1:7: name may hold letters"},
      Case{"name: a\nbase_url: example.com\n", "base_url must be a URL"},
      Case{"name: a\nsigning: {}\n", "signing needs one of \"gnupg_home\", \"key_file\" and"});
  CHECK_THAT(error_of(text), Catch::Contains(error));
}

TEST_CASE("a mistake in an advisory is told with its place", "[recipe]") {
  struct Case {
    std::string text;
    std::string error;
  };
  const auto [text, error] =
      GENERATE(Case{"- {id: A, type: security, title: T, issued: 2026-01-01, packages: [p-1-1]}\n",
                    ":1:3: advisory A is about security and needs a severity"},
               Case{"- {id: A, type: bugfix, title: T, issued: 2026-01-01, packages: [p-1-1], "
                    "cves: [CVE-1]}\n",
                    "cves must hold numbers like CVE-2026-0001"},
               Case{"- {id: A, type: bugfix, title: T, issued: yesterday, packages: [p-1-1]}\n",
                    "timestamp must be a date"},
               Case{"- {id: A, type: bugfix, title: T, issued: 2026-01-01, packages: []}\n",
                    "must name at least one package"});
  const TempDir dir;
  write_file(dir.path() + "/a.yaml", text);
  CHECK_THAT(
      [&]() -> std::string {
        try {
          (void)read_advisories(dir.path() + "/a.yaml");
        } catch (const Error& caught) {
          return caught.what();
        }
        return "no error";
      }(),
      Catch::Contains(error));
}
