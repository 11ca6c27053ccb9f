// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/root_disk.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/config/config.h"
#include "runtime/hypervisor/qemu_probe.h"
#include "runtime/hypervisor/vm_config.h"
#include "tests/support/disk_image.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;
using test::DiskImage;

namespace {

constexpr std::uint64_t kMib = DiskImage::kMib;

/// An image as osbuilder makes it, and a QEMU that can do everything with it.
struct Choice {
  Choice() {
    image.write_mbr({{3 * kMib, 120 * kMib}});
    image.write_mbr({{kMib, 120 * kMib}}, 2 * kMib);
    image.write_dax_header(2 * kMib);
    image.write(3 * kMib + 1024 + 24, std::string("\x02\0\0\0", 4));
    image.write(3 * kMib + 1024 + 56, "\x53\xef");
    wanted.image = image.path();
    host.qemu.devices = {"nvdimm", "virtio-pmem-pci", "virtio-blk-pci", "virtio-blk-device"};
  }
  RootDisk root() {
    why = {};
    return choose_root_disk(vm, wanted, host, why);
  }

  TempDir dir;
  DiskImage image{dir.path() + "/image", 128 * kMib};
  VmConfig vm;
  config::Hypervisor wanted;
  HostProbe host;
  Finding why;
};

std::string parameters_of(std::uint64_t blocks) {
  return fmt::format("root_hash={},salt=abcd,data_blocks={}", std::string(64, 'a'), blocks);
}

}  // namespace

TEST_CASE("an image with upstream's header becomes the guest's memory", "[root_disk]") {
  Choice choice;
  const RootDisk root = choice.root();
  CHECK(root.device == RootDevice::nvdimm);
  CHECK(root.size_mib == 128);
  CHECK_THAT(root_parameters(root), Contains("root=/dev/pmem0p1 rootfstype=ext4 ro rootflags=dax"));
  CHECK_THAT(choice.why.value, Contains("by nvdimm") && Contains("DAX") && Contains("MBR"));
}

TEST_CASE("a QEMU without nvdimm gives it as virtio-pmem, without both as a disk", "[root_disk]") {
  Choice choice;
  choice.host.qemu.devices.erase("nvdimm");
  CHECK(choice.root().device == RootDevice::virtio_pmem);
  choice.host.qemu.devices.erase("virtio-pmem-pci");
  const RootDisk root = choice.root();
  CHECK(root.device == RootDevice::virtio_blk);
  CHECK_FALSE(root.dax);
  CHECK_THAT(root_parameters(root), Contains("root=/dev/vda1 ") && !Contains("dax"));
  choice.host.qemu.devices.clear();
  CHECK_THROWS_WITH(choice.root(), Contains("no device virtio-blk-pci"));
}

TEST_CASE("what keeps an image from being memory is told", "[root_disk]") {
  Choice choice;
  std::string words;
  SECTION("the configuration") {
    choice.wanted.disable_image_nvdimm = true;
    words = "disable_image_nvdimm";
  }
  SECTION("the machine") {
    choice.vm.machine = Machine::microvm;
    words = "microvm";
  }
  SECTION("no ACPI") {
    choice.vm.machine_options = "smm=off,acpi=off";
    words = "ACPI";
  }
  SECTION("no header") {
    choice.image.write(4096, std::string(4096, '\0'));
    words = "DAX header";
  }
  SECTION("small blocks") {
    choice.image.write(3 * kMib + 1024 + 24, std::string(4, '\0'));
    words = "blocks of 1024 bytes";
  }
  CHECK(choice.root().device == RootDevice::virtio_blk);
  CHECK_THAT(choice.why.reason, Contains(words));
}

TEST_CASE("a disk without partitions is the root itself", "[root_disk]") {
  Choice choice;
  DiskImage bare(choice.dir.path() + "/bare", 4 * kMib);
  bare.write(0, "hsqs");
  choice.wanted.image = bare.path();
  CHECK_THAT(root_parameters(choice.root()), Contains("root=/dev/vda rootfstype=squashfs ro"));
}

TEST_CASE("a measured root is opened by dm-verity, which panics at a changed block",
          "[root_disk]") {
  Choice choice;
  choice.image.write_mbr({{3 * kMib, 64 * kMib}, {80 * kMib, 8 * kMib}});
  choice.wanted.kernel_verity_params = parameters_of(16384);
  const RootDisk root = choice.root();
  CHECK(root.device == RootDevice::virtio_blk);
  const std::string table = fmt::format(
      "0 131072 verity 1 /dev/vda1 /dev/vda2 4096 4096 16384 0 sha256 {} abcd 1 "
      "panic_on_corruption",
      std::string(64, 'a'));
  CHECK(root.verity_table == table);
  CHECK_THAT(root_parameters(root), Contains("root=/dev/dm-0 rootfstype=ext4 ro ") &&
                                        Contains("dm-mod.create=\"root,,,ro," + table + "\""));
  CHECK_THAT(choice.why.value, Contains("verity aaaaaaaaaaaaaaaa"));
  CHECK_THAT(choice.why.reason, Contains("verity"));
}

TEST_CASE("the hash tree behind the data is found on the same disk", "[root_disk]") {
  Choice choice;
  DiskImage bare(choice.dir.path() + "/bare", 4 * kMib);
  bare.write(0, "hsqs");
  bare.write(kMib, std::string("verity\0\0", 8));
  choice.wanted.image = bare.path();
  choice.wanted.kernel_verity_params = parameters_of(256);
  CHECK_THAT(choice.root().verity_table, Contains(" /dev/vda /dev/vda 4096 4096 256 257 "));
}

TEST_CASE("what the configuration says of an image must be true of it", "[root_disk]") {
  Choice choice;
  choice.wanted.rootfs_type = "erofs";
  CHECK_THROWS_WITH(choice.root(), Contains("rootfs_type = \"erofs\"") && Contains("holds ext4"));
  choice.wanted.rootfs_type = "ext4";
  CHECK_NOTHROW(choice.root());
  choice.wanted.kernel_verity_params = parameters_of(1 << 20);
  CHECK_THROWS_WITH(choice.root(), Contains("another image"));
}
