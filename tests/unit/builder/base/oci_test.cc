// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "builder/pipeline/digest.h"
#include "tests/unit/builder/base/base_bench.h"

namespace {

using namespace kata;
using namespace kata::test;
using recipe::CompressionType;

struct OciBench : BaseBench {
  OciBench() {
    recipe.base.kind = recipe::BaseKind::oci;
    recipe.base.oci.path = path("image");
  }
  void layers(const std::vector<std::string>& tars) { write_layout(path("image"), tars); }
};

Json named(Json descriptor, const std::string& name) {
  descriptor["annotations"] = {{"org.opencontainers.image.ref.name", name}};
  return descriptor;
}

}  // namespace

TEST_CASE("layers lie over each other, whatever they are compressed with", "[oci]") {
  OciBench bench;
  const auto type = GENERATE(CompressionType::none, CompressionType::gzip, CompressionType::zstd);
  Layout layout(bench.path("image"));
  layout.add_layer(tar_of({tar_member("etc/", '5', "", "", "0000750"),
                           tar_member("etc/a", '0', "old"), tar_member("etc/b", '0', "b")}),
                   type);
  layout.add_layer(tar_of({tar_member("./etc/a", '0', "new", "", "0000600"),
                           tar_member("bin/sh", '2', "", "/usr/bin/dash")}),
                   type);
  layout.write_index({layout.add_manifest()});
  const rootfs::Base base = bench.read();
  CHECK(bench.text(base, "etc/a") == "new");
  CHECK(bench.text(base, "etc/b") == "b");
  CHECK(base.tree.find("etc/a")->entry.mode == 0600);
  CHECK(base.tree.find("etc")->entry.mode == 0750);
  CHECK(base.tree.find("etc/b")->entry.gid == 2);
  CHECK(base.tree.find("bin/sh")->entry.target == "/usr/bin/dash");
  CHECK_THAT(base.tree.find("etc/a")->origin, Catch::StartsWith("layer 2 (sha256:"));
  CHECK_THAT(base.tree.find("etc/b")->origin, Catch::StartsWith("layer 1 (sha256:"));
}

TEST_CASE("a whiteout takes away what is older than its layer, wherever it stands in it", "[oci]") {
  OciBench bench;
  const std::string below =
      tar_of({tar_member("d/old", '0', "1"), tar_member("d/sub/old", '0', "1"),
              tar_member("e/f", '0', "1"), tar_member("g", '0', "1"), tar_member("h/i", '0', "1")});
  std::vector<std::string> above = {
      tar_member("d/.wh..wh..opq", '0'), tar_member("d/new", '0', "2"), tar_member(".wh.g", '0'),
      tar_member("g", '0', "2"),         tar_member(".wh.e", '0'),      tar_member("e/n", '0', "2"),
      tar_member("h/.wh.i", '0')};
  if (GENERATE(false, true)) std::reverse(above.begin(), above.end());
  bench.layers({below, tar_of(above)});
  const rootfs::Base base = bench.read();
  CHECK_FALSE(base.tree.contains("d/old"));
  CHECK_FALSE(base.tree.contains("d/sub"));
  CHECK(bench.text(base, "d/new") == "2");
  CHECK(bench.text(base, "g") == "2");
  CHECK_FALSE(base.tree.contains("e/f"));
  CHECK(bench.text(base, "e/n") == "2");
  CHECK_FALSE(base.tree.contains("h/i"));
  CHECK(base.tree.contains("h"));
  for (const auto& [path, node] : base.tree.nodes()) CHECK(path.find(".wh.") == std::string::npos);
}

TEST_CASE("a hard link reaches into an older layer, and parts from a file that is replaced",
          "[oci]") {
  OciBench bench;
  bench.layers({tar_of({tar_member("a", '0', "one", "", "0004755"), tar_member("b", '1', "", "a")}),
                tar_of({tar_member("c", '1', "", "./a")}), tar_of({tar_member("a", '0', "two")})});
  const rootfs::Base base = bench.read();
  CHECK(bench.text(base, "a") == "two");
  CHECK(bench.text(base, "b") == "one");
  CHECK(base.tree.find("b")->content == base.tree.find("c")->content);
  CHECK(base.tree.find("c")->entry.mode == 04755);
  CHECK_THAT(bench.messages, Catch::Contains("owner's rights (setuid): /b, /c"));
}

TEST_CASE("a folder gives way to a file and a link to a folder", "[oci]") {
  OciBench bench;
  bench.layers(
      {tar_of({tar_member("d/x", '0', "1"), tar_member("l", '2', "", "d")}),
       tar_of({tar_member("d", '0', "file"), tar_member("l/", '5'), tar_member("l/y", '0', "2")})});
  const rootfs::Base base = bench.read();
  CHECK(bench.text(base, "d") == "file");
  CHECK(bench.text(base, "l/y") == "2");
}

TEST_CASE("an entry below a link that stays inside lands where the link points to", "[oci]") {
  OciBench bench;
  bench.layers({tar_of({tar_member("usr/lib/", '5'), tar_member("lib", '2', "", "usr/lib"),
                        tar_member("usr/up", '2', "", "../usr/lib")}),
                tar_of({tar_member("lib/a", '0', "1"), tar_member("usr/up/b", '0', "2"),
                        tar_member("lib/.wh.c", '0')})});
  const rootfs::Base base = bench.read();
  CHECK(bench.text(base, "usr/lib/a") == "1");
  CHECK(bench.text(base, "usr/lib/b") == "2");
  CHECK(base.tree.find("lib")->entry.target == "usr/lib");
}

TEST_CASE("a layout in a tar file is the same as in a folder, and both come from the cache next",
          "[oci]") {
  OciBench bench;
  Layout layout(bench.path("image"));
  layout.add_layer(tar_of({tar_member("etc/a", '0', "1")}), CompressionType::gzip);
  layout.write_index({named(layout.add_manifest(), "demo:1")});
  layout.pack(bench.path("image.tar"));
  if (GENERATE(false, true)) bench.recipe.base.oci.path = bench.path("image.tar");
  const std::string digest = rootfs::tree_digest(bench.read().tree);
  const rootfs::Base again = bench.read();
  CHECK(rootfs::tree_digest(again.tree) == digest);
  CHECK_THAT(again.tree.find("etc/a")->content->file,
             Catch::StartsWith(bench.path("cache/trees/")));
  CHECK_FALSE(again.tree.find("etc/a")->content->sha256.empty());
}

TEST_CASE("of several images, reference and platform choose one", "[oci]") {
  OciBench bench;
  std::vector<Json> manifests;
  for (const char* arch : {"amd64", "arm64"}) {
    Layout one(bench.path("image"));
    one.add_layer(tar_of({tar_member("arch", '0', arch)}));
    Json manifest = one.add_manifest(arch);
    manifest["platform"] = {{"os", "linux"}, {"architecture", arch}};
    manifests.push_back(manifest);
  }
  Layout layout(bench.path("image"));
  const Json index{{"schemaVersion", 2}, {"manifests", manifests}};
  const Json both = layout.add_blob(index.dump(), "application/vnd.oci.image.index.v1+json");
  Layout other(bench.path("image"));
  other.add_layer(tar_of({tar_member("arch", '0', "another")}));
  layout.write_index({named(both, "demo:1"), named(other.add_manifest(), "demo:2")});

  CHECK_THAT(bench.error(), Catch::Contains("2 images that fit") &&
                                Catch::Contains("base.oci.reference: demo:1, demo:2"));
  bench.recipe.base.oci.reference = "demo:1";
  CHECK(bench.text(bench.read(), "arch") == "amd64");
  bench.recipe.base.oci.platform = "linux/arm64";
  CHECK(bench.text(bench.read(), "arch") == "arm64");
  bench.recipe.base.oci.platform = "linux/riscv64";
  CHECK_THAT(bench.error(), Catch::Contains("nothing for linux/riscv64, only for linux/amd64"));
  bench.recipe.base.oci.platform = "linux/amd64";
  bench.recipe.base.oci.reference = "demo:3";
  CHECK_THAT(bench.error(), Catch::Contains("no image demo:3, but demo:1, demo:2"));
}

TEST_CASE("what docker save wrote before it knew layouts is read by its manifest.json", "[oci]") {
  OciBench bench;
  const std::string one = tar_of({tar_member("a", '0', "1"), tar_member("b", '0', "1")});
  const std::string two = tar_of({tar_member(".wh.a", '0')});
  const auto id = [](const std::string& tar) { return "sha256:" + pipeline::sha256_of_text(tar); };
  const std::string config =
      Json{{"os", "linux"},
           {"architecture", "amd64"},
           {"rootfs", {{"type", "layers"}, {"diff_ids", {id(one), id(two), id(two)}}}}}
          .dump();
  const std::string config_name = pipeline::sha256_of_text(config) + ".json";
  const auto manifest = [&](const std::string& name) {
    return Json::array({{{"Config", name},
                         {"RepoTags", {"demo:1", "demo:latest"}},
                         {"Layers", {"1/layer.tar", "2/layer.tar", "3/layer.tar"}}}})
        .dump();
  };
  const auto pack = [&](const std::string& name, const std::string& layer) {
    bench.file("saved.tar",
               tar_of({tar_member(name, '0', config), tar_member("1/layer.tar", '0', layer),
                       tar_member("2/layer.tar", '0', two),
                       tar_member("3/layer.tar", '2', "", "../2/layer.tar"),
                       tar_member("manifest.json", '0', manifest(name))}));
  };
  bench.recipe.base.oci.path = bench.path("saved.tar");
  pack(config_name, one);
  const rootfs::Base base = bench.read();
  CHECK_FALSE(base.tree.contains("a"));
  CHECK(bench.text(base, "b") == "1");
  bench.recipe.base.oci.reference = "demo:latest";
  CHECK(bench.text(bench.read(), "b") == "1");
  bench.recipe.base.oci.reference = "demo:2";
  CHECK_THAT(bench.error(), Catch::Contains("no image demo:2, but demo:1, demo:latest"));
  bench.recipe.base.oci.reference = "";
  pack(config_name, tar_of({tar_member("a", '0', "9")}));
  CHECK_THAT(bench.error(), Catch::Contains("layer 1") && Catch::Contains("is expected"));
  pack(std::string(64, 'a') + ".json", one);
  CHECK_THAT(bench.error(), Catch::Contains("it was changed"));
}
