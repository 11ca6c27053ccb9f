// SPDX-License-Identifier: Apache-2.0
//
// Guests whose root is a disk image: each way the runtime has to attach one, and what happens when
// it is not what it should be.
#include <catch2/catch.hpp>
#include <string>

#include "runtime/base/io.h"
#include "tests/e2e/guest_disk.h"
#include "tests/e2e/image_bench.h"
#include "tests/support/host_state.h"

using kata::CommandResult;
using kata::read_file;
using namespace kata::test;
using Catch::Matchers::Contains;

namespace {

using Layout = GuestDisk::Layout;

/// Images made by hand.
struct Bench : ImageBench {
  GuestDisk disk;
};

}  // namespace

TEST_CASE("an annotation chooses image or initrd for one container", "[e2e][image]") {
  Bench bench;
  const auto before = host_state(bench.docker);
  const std::string image =
      bench.disk.make_image(Layout::mbr, bench.disk.make_filesystem("ext4")).path();
  const std::string initrd = "initrd";
  bench.annotate({{"image", image}});
  const std::string on_image = bench.output_of("image-1");
  CHECK_THAT(on_image, Contains("root=/dev/vda1 rootfstype=ext4 ro"));

  bench.annotate({});
  bench.configure("image = \"" + image + "\"\n");
  CHECK_THAT(bench.oci({"check"}).output,
             Contains("guest root: " + image + " by virtio-blk (raw, MBR, ext4)"));
  CHECK_THAT(bench.oci({"env"}).output, Contains("Filesystem = \"ext4\""));
  const std::string base = read_file(bench.oci.folder() + "/configuration.toml");
  const std::size_t at = base.find("initrd = \"") + 10;
  bench.annotate({{"initrd", base.substr(at, base.find('"', at) - at)}});
  const std::string on_initrd = bench.output_of("image-2");
  CHECK_THAT(on_initrd, !Contains("root="));
  CHECK(left_behind(bench.docker, before) == "");
}

TEST_CASE("an image for nvdimm is mapped and not read", "[e2e][image]") {
  Bench bench;
  bench.annotate(
      {{"image",
        bench.disk.make_image(Layout::nvdimm, bench.disk.make_filesystem("ext4")).path()}});
  // ext4 refuses to be mounted with "dax" where it cannot map.
  const std::string output = bench.output_of("image-3");
  CHECK_THAT(output, Contains("root=/dev/pmem0p1 rootfstype=ext4 ro rootflags=dax"));
}

TEST_CASE("a measured image starts until one byte of it is changed", "[e2e][image]") {
  Bench bench;
  const auto before = host_state(bench.docker);
  const std::string filesystem = bench.disk.make_filesystem("erofs");
  std::string parameters;
  const std::string tree = bench.disk.make_hash_tree(filesystem, parameters);
  DiskImage image = bench.disk.make_image(Layout::gpt, filesystem, tree);
  bench.configure("image = \"" + image.path() + "\"\nrootfs_type = \"erofs\"\n" +
                  "kernel_verity_params = \"" + parameters + "\"\n");
  const std::string whole = bench.output_of("image-4");
  CHECK_THAT(whole, Contains("root=/dev/dm-0 rootfstype=erofs ro"));

  image.flip(bench.disk.find_agent(image.path()));
  const CommandResult changed = bench.run("image-5");
  CHECK(changed.status != 0);
  CHECK_THAT(changed.error_output,
             Contains("image " + image.path() + " does not match its root hash"));
  CHECK_THAT(changed.error_output, Contains("data block") && Contains("is corrupted"));
  CHECK(left_behind(bench.docker, before) == "");
}

TEST_CASE("a root hash that is another image's starts nothing", "[e2e][image]") {
  Bench bench;
  const std::string filesystem = bench.disk.make_filesystem("erofs");
  std::string parameters;
  const std::string tree = bench.disk.make_hash_tree(filesystem, parameters);
  const std::string image = bench.disk.make_image(Layout::bare, filesystem, tree).path();
  const std::size_t digit = parameters.find('=') + 1;
  parameters[digit] = parameters[digit] == '0' ? '1' : '0';
  bench.annotate({{"image", image}, {"kernel_verity_params", parameters}});
  const CommandResult result = bench.run("image-6");
  CHECK(result.status != 0);
  CHECK_THAT(result.error_output, Contains("does not match its root hash"));
}

TEST_CASE("microvm starts from an image too, measured, without partitions", "[e2e][image]") {
  Bench bench;
  const std::string filesystem = bench.disk.make_filesystem("erofs");
  std::string parameters;
  const std::string tree = bench.disk.make_hash_tree(filesystem, parameters);
  bench.annotate({{"image", bench.disk.make_image(Layout::bare, filesystem, tree).path()},
                  {"kernel_verity_params", parameters},
                  {"machine_type", "microvm"}});
  const std::string output = bench.output_of("image-7");
  CHECK_THAT(output, Contains("verity 1 /dev/vda /dev/vda 4096 4096"));
}

TEST_CASE("images that cannot be a root are refused before anything starts", "[e2e][image]") {
  Bench bench;
  const std::string image = bench.disk.make_filesystem("erofs");
  std::string words;
  SECTION("not there") {
    bench.annotate({{"image", "/nonexistent/i.img"}});
    words = "/nonexistent/i.img is not there";
  }
  SECTION("another file system") {
    bench.annotate({{"image", image}, {"rootfs_type", "xfs"}});
    words = "holds erofs";
  }
  SECTION("no image") {
    bench.annotate({{"image", bench.oci.bundle() + "/config.json"}});
    words = "is no guest image";
  }
  SECTION("malformed verity parameters") {
    bench.annotate({{"image", image}, {"kernel_verity_params", "root_hash=12"}});
    words = "kernel_verity_params: root_hash has 2 digits";
  }
  SECTION("both") {
    bench.annotate({{"image", image}, {"initrd", image}});
    words = "a guest has one of them";
  }
  const CommandResult result = bench.run("image-8");
  CHECK(result.status != 0);
  CHECK_THAT(result.error_output, Contains(words));
}
