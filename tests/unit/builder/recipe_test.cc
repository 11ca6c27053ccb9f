// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "builder/recipe/nearest.h"
#include "builder/recipe/recipe_yaml.h"
#include "builder/recipe/show_recipe.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;
using namespace kata::recipe;

struct RecipeFile {
  explicit RecipeFile(const std::string& text, const std::string& folder = "")
      : path(dir.path() + folder + "/r.yaml") {
    make_directories(dir.path() + folder);
    write_file(path, text);
  }
  TempDir dir;
  std::string path;
};

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    return error.what();
  }
  return "no error";
}

std::string kernel_error(const std::string& text) {
  const RecipeFile file(text);
  std::string message = error_of([&] { (void)read_kernel_recipe(file.path); });
  const std::size_t at = message.find(file.path);
  return at == 0 ? "r.yaml" + message.substr(file.path.size()) : message;
}

std::string image_error(const std::string& text) {
  const RecipeFile file(text);
  std::string message = error_of([&] { (void)read_image_recipe(file.path); });
  const std::size_t at = message.find(file.path);
  return at == 0 ? "r.yaml" + message.substr(file.path.size()) : message;
}

const std::string kGood = "name: k\nsource:\n  package: linux-source-6.1\nfragments: [a.conf]\n";

}  // namespace

TEST_CASE("a kernel recipe is read with its defaults", "[recipe]") {
  const RecipeFile file(kGood + "timestamp: 2026-01-01\n");
  const KernelRecipe recipe = read_kernel_recipe(file.path);
  CHECK(recipe.name == "k");
  CHECK(recipe.source.package == "linux-source-6.1");
  CHECK(recipe.arch == "x86_64");
  CHECK(recipe.strip);
  CHECK(recipe.timestamp == 1767225600);
  CHECK(recipe.fragments == std::vector<std::string>{file.dir.path() + "/a.conf"});
  CHECK(recipe_kind(file.path) == RecipeKind::kernel);
  CHECK(to_json(recipe).at("source").at("package") == "linux-source-6.1");
}

TEST_CASE("paths of a recipe in a folder called recipes start above it", "[recipe]") {
  const RecipeFile file(kGood, "/recipes");
  CHECK(read_kernel_recipe(file.path).fragments[0] == file.dir.path() + "/a.conf");
}

TEST_CASE("mistakes in a kernel recipe name the place and the remedy", "[recipe]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {kGood + "fragmnts: [b]\n",
       "r.yaml:5:1: unknown key \"fragmnts\" in a kernel recipe: did you mean \"fragments\"?"},
      {kGood + "colour: red\n",
       "r.yaml:5:1: unknown key \"colour\" in a kernel recipe: the keys are name, source"},
      {kGood + "name: again\n", "r.yaml:5:1: key \"name\" is there twice"},
      {kGood + "strip: perhaps\n", "r.yaml:5:8: strip must be true or false, not \"perhaps\""},
      {kGood + "strip: [1]\n", "r.yaml:5:8: strip must be a text, not a list"},
      {kGood + "patches: [../../x.patch]\n",
       "r.yaml:5:11: patches: ../../x.patch leaves the recipe's folder"},
      {kGood + "arch: arm64\n", "r.yaml:5:7: arch must be one of x86_64, not \"arm64\""},
      {kGood + "timestamp: soon\n", "r.yaml:5:12: timestamp must be a date"},
      {kGood + "localversion: \"a\\\"b\"\n", "r.yaml:5:15: localversion may hold letters"},
      {"name: k\nsource: {package: p}\n",
       "r.yaml:1:1: a kernel recipe lacks the key \"fragments\""},
      {"name: k\nsource: {}\nfragments: [a]\n", "r.yaml:2:9: source needs exactly one of"},
      {"name: k\nsource: {tarball: {url: \"file:///x\"}}\nfragments: [a]\n",
       "source.tarball with a \"url\" needs \"sha256\""},
      {"name: k\nsource: {tarball: {path: /x, sha256: 12}}\nfragments: [a]\n",
       "sha256 must be 64 hexadecimal digits"},
      {"name: k\nsource: {srpm: {path: /x, patches: [../evil]}}\nfragments: [a]\n",
       "must be the name of a file within"},
      {"name: [\n", "r.yaml:2:1:"},
      {"- a\n", "r.yaml:1:1: a kernel recipe must be a map of keys, not a list"},
      {"", "the recipe is empty"},
  }));
  CHECK_THAT(kernel_error(text), Catch::Contains(expected));
}

TEST_CASE("an image recipe is read with files of every kind", "[recipe]") {
  const RecipeFile file(
      "name: i\nbase: {tar: base.tar}\nagent: {path: /a, as: service}\n"
      "compression: {type: lz4, level: 9}\nfiles:\n"
      "  - {path: /etc/x, content: \"hi\", mode: \"0600\", owner: \"1:2\"}\n"
      "  - {path: /l, symlink: target}\n  - {path: /d, directory: true}\n  - {path: /dev/kvm, "
      "device: \"c 10:232\"}\n"
      "  - {path: /s, source: s.txt}\n");
  const ImageRecipe recipe = read_image_recipe(file.path);
  CHECK(recipe.base.kind == BaseKind::tar);
  CHECK(recipe.base.path == file.dir.path() + "/base.tar");
  CHECK(recipe.agent.as_service);
  CHECK(recipe.compression.type == CompressionType::lz4);
  REQUIRE(recipe.files.size() == 5);
  CHECK(recipe.files[0].mode == 0600U);
  CHECK(recipe.files[0].gid == 2);
  CHECK(recipe.files[3].device_minor == 232);
  CHECK(recipe.files[4].source == file.dir.path() + "/s.txt");
  CHECK(recipe_kind(file.path) == RecipeKind::image);
}

TEST_CASE("mistakes in an image recipe name the place and the remedy", "[recipe]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"name: i\ncompresion: {type: gzip}\n",
       "r.yaml:2:1: unknown key \"compresion\" in an image recipe: did you mean \"compression\"?"},
      {"name: i\ncompression: {type: bzip2}\n",
       "type must be one of zstd, lz4, gzip, xz, none, not \"bzip2\""},
      {"name: i\ncompression: {type: gzip, level: 12}\n",
       "r.yaml:2:34: level of gzip is at most 9, not 12"},
      {"name: i\nbase: debian\n", "{oci: ...}, not \"debian\""},
      {"name: i\nagent: {as: service}\n", "agent as a service needs a base"},
      {"name: i\nfiles: [{path: etc/x, content: a}]\n", "path must be absolute within the image"},
      {"name: i\nfiles: [{path: /../x, content: a}]\n", "path must not hold \"..\""},
      {"name: i\nfiles: [{path: /x}]\n",
       "file /x needs exactly one of source, content, symlink, directory and device"},
      {"name: i\nfiles: [{path: /x, content: a, mode: \"888\"}]\n",
       "mode must be an octal number up to 7777, not \"888\""},
      {"name: i\nfiles: [{path: /x, content: a, owner: root}]\n",
       "owner must be UID:GID in numbers"},
      {"name: i\nfiles: [{path: /x, device: \"x 1:2\"}]\n", "device must be"},
  }));
  CHECK_THAT(image_error(text), Catch::Contains(expected));
}

TEST_CASE("a slip of the pen finds the name that was meant", "[recipe]") {
  CHECK(edit_distance("VIRTIO_NET", "VIRITO_NET") == 1);
  CHECK(nearest_names("VIRITO_NET", {"VIRTIO_NET", "VIRTIO_BLK", "NET"}) ==
        std::vector<std::string>{"VIRTIO_NET"});
  CHECK(nearest_names("ZZZZ", {"VIRTIO_NET"}).empty());
}
