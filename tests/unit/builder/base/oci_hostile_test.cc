// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <utility>

#include "tests/unit/builder/base/base_bench.h"

namespace {

using namespace kata;
using namespace kata::test;
using recipe::CompressionType;
namespace fs = std::filesystem;

struct HostileBench : BaseBench {
  HostileBench() {
    recipe.base.kind = recipe::BaseKind::oci;
    recipe.base.oci.path = path("image");
  }
  std::string error_of_layer(const std::string& tar, CompressionType type = CompressionType::none) {
    Layout layout(path("image"));
    layout.add_layer(tar, type);
    layout.write_index({layout.add_manifest()});
    const std::string text = error();
    CHECK(fs::is_empty(path("cache/work")));
    CHECK((!fs::exists(path("cache/trees")) || fs::is_empty(path("cache/trees"))));
    return text;
  }
};

}  // namespace

TEST_CASE("a hostile layer is refused and leaves nothing", "[oci]") {
  HostileBench bench;
  const auto& [members, expected] = GENERATE(table<std::vector<std::string>, std::string>({
      {{tar_member("../x", '0', "1")}, "leaves the folder"},
      {{tar_member("a/../../x", '0', "1")}, "leaves the folder"},
      {{tar_member("l", '2', "", "/etc"), tar_member("l/passwd", '0', "1")},
       "absolute link /l -> /etc"},
      {{tar_member("l", '2', "", "../.."), tar_member("l/x", '0', "1")}, "leaves the root"},
      {{tar_member("l", '2', "", "m"), tar_member("m", '2', "", "l"), tar_member("l/x", '0')},
       "never end"},
      {{tar_member("f", '0', "1"), tar_member("f/x", '0', "1")}, "/f is not a folder"},
      {{tar_member("h", '1', "", "/etc/shadow")}, "no file before it"},
      {{tar_member("h", '1', "", "../../etc/shadow")}, "leaves the folder"},
      {{tar_member("d/.wh.", '0')}, "takes away nothing"},
      {{tar_member("d/.wh...", '0')}, "takes away nothing"},
      {{tar_member(std::string(99, 'a'), '0', std::string(600, 'x')).substr(0, 800)}, "layer 1"},
  }));
  std::string tar = tar_of(members);
  if (members.size() == 1 && members.front().size() == 800) tar = members.front();
  CHECK_THAT(bench.error_of_layer(tar), Catch::Contains(expected) && Catch::Contains("layer 1"));
}

TEST_CASE("a layer that promises more than the limits is stopped before it is unpacked", "[oci]") {
  HostileBench bench;
  bench.recipe.limits.size = 1 << 20;
  const std::string bomb = tar_of({tar_member("zeros", '0', std::string(40 << 20, '\0'))});
  CHECK_THAT(bench.error_of_layer(bomb, CompressionType::gzip),
             Catch::Contains("more than 1048576 bytes") && Catch::Contains("limits.size"));
  // bytes after the archive's end count too
  bench.recipe.limits.entries = 10;
  const std::string tail = tar_of({tar_member("a", '0', "1")}) + std::string(4 << 20, '\0');
  CHECK_THAT(bench.error_of_layer(tail, CompressionType::zstd), Catch::Contains("limits.size"));
  std::vector<std::string> many;
  for (int i = 0; i < 11; ++i) many.push_back(tar_member("f" + std::to_string(i), '0'));
  CHECK_THAT(bench.error_of_layer(tar_of(many)),
             Catch::Contains("more than 10 entries") && Catch::Contains("limits.entries"));
}

TEST_CASE("a changed, truncated or missing blob is told by its name", "[oci]") {
  HostileBench bench;
  const auto type = GENERATE(CompressionType::none, CompressionType::gzip, CompressionType::zstd);
  Layout layout(bench.path("image"));
  layout.add_layer(tar_of({tar_member("a", '0', std::string(5000, 'x'))}), type);
  const Json manifest = layout.add_manifest();
  layout.write_index({manifest});
  const std::string digest = layout.layers[0]["digest"];
  const std::string whole = read_file(layout.blob(digest));

  std::string changed = whole;
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
  write_file(layout.blob(digest), changed);
  CHECK_THAT(bench.error(), Catch::Contains(digest + " is expected"));
  write_file(layout.blob(digest), whole.substr(0, whole.size() - 10));
  CHECK_THAT(bench.error(), Catch::Contains(digest.substr(7)) && Catch::Contains("truncated"));
  fs::remove(layout.blob(digest));
  CHECK_THAT(bench.error(), Catch::Contains("has no blobs/sha256/" + digest.substr(7)));
  write_file(layout.blob(digest), whole);
  write_file(layout.blob(manifest["digest"]), "{}");
  CHECK_THAT(bench.error(), Catch::Contains("it was changed"));
}

TEST_CASE("compressed data that ends early is told, even with the right digest", "[oci]") {
  HostileBench bench;
  const auto type = GENERATE(CompressionType::gzip, CompressionType::zstd);
  Layout layout(bench.path("image"));
  std::string noise;  // of which no part is worth less than itself
  for (unsigned i = 0, x = 1; i < 300000; ++i, x = x * 1664525U + 1013904223U)
    noise += static_cast<char>(x >> 24);
  layout.add_layer(tar_of({tar_member("a", '0', noise)}), type);
  const std::string whole = read_file(layout.blob(layout.layers[0]["digest"]));
  layout.layers[0] = layout.add_blob(whole.substr(0, whole.size() / 2), "x");
  layout.write_index({layout.add_manifest()});
  CHECK_THAT(bench.error(), Catch::Contains("layer 1"));
}

TEST_CASE("a layout that is none is told with what is missing", "[oci]") {
  HostileBench bench;
  fs::create_directories(bench.path("image"));
  CHECK_THAT(bench.error(), Catch::Contains("neither index.json") && Catch::Contains("base.tar"));
  const auto& [index, expected] = GENERATE(table<std::string, std::string>({
      {"{", "index.json:1:2"},
      {"{}", "names no manifests"},
      {R"({"manifests": [{"digest": "sha256:../../../etc/passwd", "size": 1}]})",
       "no SHA-256 digest"},
      {R"({"manifests": [{"digest": "md5:00", "size": 1}]})", "no SHA-256 digest"},
      {R"({"manifests": [{"digest": 7, "size": 1}]})", "image "},
      {R"({"manifests": []})", "holds no image"},
  }));
  bench.file("image/index.json", index);
  CHECK_THAT(bench.error(), Catch::Contains(expected));
  bench.recipe.base.oci.path = bench.path("nothing");
  CHECK_THAT(bench.error(), Catch::Contains("base.oci: there is no " + bench.path("nothing")));
}
