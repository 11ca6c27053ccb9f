// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/guest_root.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/config/annotations.h"
#include "runtime/config/load.h"

using namespace kata;
using namespace kata::config;
using Catch::Matchers::Contains;

namespace {

const std::string kParameters = "root_hash=" + std::string(64, 'a') + ",data_blocks=8";

Config from_files(const std::string& file, const std::string& drop_in = "") {
  const TempDir dir;
  write_file(dir.path() + "/configuration.toml", "[hypervisor.qemu]\n" + file);
  make_directories(dir.path() + "/config.d");
  write_file(dir.path() + "/config.d/image.toml", "[hypervisor.qemu]\n" + drop_in);
  ConfigSources sources;
  sources.search = {dir.path() + "/configuration.toml"};
  return load_config(sources);
}

Annotations chosen(const std::string& key, const std::string& value) {
  return {{"io.katacontainers.config.hypervisor." + key, value}};
}

}  // namespace

TEST_CASE("an image that a file names takes the default initrd's place", "[guest_root]") {
  const Config config = from_files("image = \"/i.img\"\n");
  CHECK(config.hypervisor.image == "/i.img");
  CHECK(config.hypervisor.initrd.empty());
}

TEST_CASE("a drop-in's root takes the file's place, either way round", "[guest_root]") {
  const Config image = from_files("initrd = \"/a\"\n", "image = \"/b\"\n");
  CHECK(image.hypervisor.image == "/b");
  CHECK(image.hypervisor.initrd.empty());
  const Config initrd = from_files(
      "image = \"/b\"\nkernel_verity_params = \"" + kParameters + "\"\nrootfs_type = \"xfs\"\n",
      "initrd = \"/a\"\n");
  CHECK(initrd.hypervisor.initrd == "/a");
  CHECK(initrd.hypervisor.image.empty());
  CHECK(initrd.hypervisor.kernel_verity_params.empty());
  CHECK(initrd.hypervisor.rootfs_type.empty());
}

TEST_CASE("what katabuild writes beside an image works as a drop-in", "[guest_root]") {
  const Config config = from_files("",
                                   "image = \"/b\"\nrootfs_type = \"erofs\"\n"
                                   "kernel_verity_params = \"" +
                                       kParameters + "\"\ndisable_image_nvdimm = true\n");
  CHECK(config.hypervisor.image == "/b");
  CHECK(config.hypervisor.rootfs_type == "erofs");
  CHECK(config.hypervisor.kernel_verity_params == kParameters);
  CHECK(config.hypervisor.disable_image_nvdimm);
}

TEST_CASE("an empty name is no choice", "[guest_root]") {
  CHECK(from_files("image = \"\"\n").hypervisor.initrd == Config().hypervisor.initrd);
  CHECK(from_files("image = \"/b\"\ninitrd = \"\"\n").hypervisor.image == "/b");
  CHECK_THROWS_WITH(from_files("initrd = \"\"\n"), Contains("neither initrd nor image"));
}

TEST_CASE("one layer that names both is told so", "[guest_root]") {
  CHECK_THROWS_WITH(from_files("image = \"/b\"\ninitrd = \"/a\"\n"),
                    Contains("configuration.toml") && Contains("\"/b\"") && Contains("\"/a\""));
  Config config;
  config.hypervisor.enable_annotations = {".*"};
  Annotations both = chosen("image", "/b");
  both.merge(chosen("initrd", "/a"));
  CHECK_THROWS_WITH(apply_annotations(config, both), Contains("one of them"));
}

TEST_CASE("an annotation chooses image or initrd for one container", "[guest_root]") {
  Config config = from_files(
      "image = \"/b\"\nrootfs_type = \"xfs\"\n"
      "enable_annotations = [\"image\", \"initrd\"]\n");
  const Config initrd = apply_annotations(config, chosen("initrd", "/a"));
  CHECK(initrd.hypervisor.initrd == "/a");
  CHECK(initrd.hypervisor.image.empty());
  const Config other = apply_annotations(config, chosen("image", "/c"));
  CHECK(other.hypervisor.image == "/c");
  CHECK(other.hypervisor.rootfs_type.empty());
  config.hypervisor.enable_annotations = {"initrd"};
  CHECK_THROWS_WITH(apply_annotations(config, chosen("image", "/c")),
                    Contains("enable_annotations"));
}

TEST_CASE("who may choose an image may not therefore shake verity off", "[guest_root]") {
  const Config config = from_files("image = \"/b\"\nkernel_verity_params = \"" + kParameters +
                                   "\"\nenable_annotations = [\"image\"]\n");
  CHECK(apply_annotations(config, chosen("image", "/c")).hypervisor.kernel_verity_params ==
        kParameters);
}

TEST_CASE("guest files may be held to patterns", "[guest_root]") {
  Config config = from_files("enable_annotations = [\"image\"]\n");
  CHECK_NOTHROW(apply_annotations(config, chosen("image", "/anywhere/x.img")));
  config.hypervisor.valid_guest_paths = {"/images/*.img"};
  CHECK_NOTHROW(apply_annotations(config, chosen("image", "/images/x.img")));
  CHECK_THROWS_WITH(apply_annotations(config, chosen("image", "/etc/shadow")),
                    Contains("/etc/shadow"));
  CHECK_THROWS_AS(apply_annotations(config, chosen("image", "images/x.img")), Error);
}

TEST_CASE("roots that cannot be are told so", "[guest_root]") {
  CHECK_THROWS_WITH(from_files("image = \"/b\"\nrootfs_type = \"btrfs\"\n"),
                    Contains("btrfs") && Contains("erofs"));
  CHECK_THROWS_WITH(from_files("image = \"/b\"\nkernel_verity_params = \"root_hash=1\"\n"),
                    Contains("kernel_verity_params"));
  CHECK_THROWS_WITH(from_files("kernel_verity_params = \"" + kParameters + "\"\n"),
                    Contains("name the image"));
}
