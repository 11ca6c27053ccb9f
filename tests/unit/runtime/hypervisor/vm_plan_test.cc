// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/vm_plan.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "tests/support/disk_image.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

namespace {

struct Plan {
  Plan() {
    write_file(dir.path() + "/vmlinux", "");
    write_file(dir.path() + "/initrd", "");
    config.hypervisor.kernel = dir.path() + "/vmlinux";
    config.hypervisor.initrd = dir.path() + "/initrd";
    host.qemu.path = "/usr/bin/qemu-system-x86_64";
    host.qemu.machines = {"q35", "microvm"};
    host.qemu.accelerators = {"kvm", "tcg"};
    host.qemu.devices = {"vhost-user-fs-pci", "virtio-9p-pci", "virtio-9p-device"};
    host.qemu.machine_options["q35"] = {"smm", "usb"};
    host.virtiofsd = "/usr/libexec/virtiofsd";
    host.cpus = 4;
    host.memory_mib = 16384;
  }
  [[nodiscard]] VmConfig vm() const { return std::move(plan_vm(config, host).vm); }

  TempDir dir;
  config::Config config;
  HostProbe host;
};

}  // namespace

TEST_CASE("auto takes KVM only where it works", "[plan]") {
  Plan plan;
  CHECK(plan.vm().accelerator == Accelerator::tcg);
  plan.host.kvm_usable = true;
  CHECK(plan.vm().accelerator == Accelerator::kvm);
  plan.config.hypervisor.accelerator = "tcg";
  CHECK(plan.vm().accelerator == Accelerator::tcg);
  plan.host.kvm_usable = false;
  plan.config.hypervisor.accelerator = "kvm";
  CHECK(plan.vm().accelerator == Accelerator::kvm);
}

TEST_CASE("a QEMU that cannot accelerate as asked is an error with what to do", "[plan]") {
  Plan plan;
  plan.host.qemu.accelerators = {"kvm"};
  CHECK_THROWS_WITH(plan.vm(), Contains("virtualization"));
  plan.host.qemu.accelerators = {"tcg"};
  plan.config.hypervisor.accelerator = "kvm";
  CHECK_THROWS_WITH(plan.vm(), Contains("auto"));
}

TEST_CASE("file sharing falls back from virtio-fs to 9p to an error", "[plan]") {
  Plan plan;
  CHECK(plan.vm().shared.kind == SharedFs::virtio_fs);
  plan.host.virtiofsd.clear();
  CHECK(plan.vm().shared.kind == SharedFs::virtio_9p);
  plan.host.qemu.devices.clear();
  CHECK_THROWS_WITH(plan.vm(), Contains("install virtiofsd"));
  plan.config.hypervisor.shared_fs = "none";
  CHECK(plan.vm().shared.kind == SharedFs::none);
}

TEST_CASE("microvm shares by 9p, since virtio-fs hangs on its bus", "[plan]") {
  Plan plan;
  plan.config.hypervisor.machine_type = "microvm";
  plan.host.qemu.devices.insert("vhost-user-fs-device");
  CHECK(plan.vm().shared.kind == SharedFs::virtio_9p);
}

TEST_CASE("only options that this QEMU has are asked of its machine", "[plan]") {
  Plan plan;
  CHECK(plan.vm().machine_options == "smm=off,usb=off");
  plan.config.hypervisor.machine_accelerators = "nvdimm=on";
  CHECK(plan.vm().machine_options == "smm=off,usb=off,nvdimm=on");
}

TEST_CASE("a machine that cannot grow gets no room to", "[plan]") {
  Plan plan;
  CHECK(plan.vm().max_vcpus == 4);
  CHECK(plan.vm().max_memory_mib == 16384);
  plan.config.runtime.static_sandbox_resource_mgmt = true;
  CHECK(plan.vm().max_vcpus == 1);
  CHECK(plan.vm().hotplug_ports == 0);
  CHECK(plan.vm().memory_slots == 0);
}

TEST_CASE("an emulated guest is spared ACPI", "[plan]") {
  Plan plan;
  CHECK_FALSE(plan.vm().acpi);
  plan.host.kvm_usable = true;
  CHECK(plan.vm().acpi);
}

TEST_CASE("what is missing is named with what to do", "[plan]") {
  Plan plan;
  SECTION("QEMU") {
    plan.host.qemu.path.clear();
    CHECK_THROWS_WITH(plan.vm(), Contains("no QEMU was found") && Contains("install"));
  }
  SECTION("kernel") {
    plan.config.hypervisor.kernel = "/nonexistent/vmlinux";
    CHECK_THROWS_WITH(plan.vm(), Contains("/nonexistent/vmlinux") && Contains("kernel="));
  }
  SECTION("initrd") {
    plan.config.hypervisor.initrd = "/nonexistent/initrd";
    CHECK_THROWS_WITH(plan.vm(), Contains("/nonexistent/initrd"));
  }
  SECTION("machine type") {
    plan.config.hypervisor.machine_type = "virt";
    CHECK_THROWS_WITH(plan.vm(), Contains("\"virt\""));
  }
}

TEST_CASE("an image takes the initrd's place", "[plan]") {
  Plan plan;
  test::DiskImage image(plan.dir.path() + "/image", test::DiskImage::kMib);
  image.write(0, "hsqs");
  plan.config.hypervisor.image = image.path();
  plan.host.qemu.devices.insert("virtio-blk-pci");
  const VmConfig vm = plan.vm();
  CHECK(vm.initrd.empty());
  CHECK(vm.root.image == image.path());
  plan.config.hypervisor.image = "/nonexistent/image";
  CHECK_THROWS_WITH(plan.vm(), Contains("/nonexistent/image") && Contains("image="));
}

TEST_CASE("each choice is told with its reason", "[plan]") {
  Plan plan;
  plan.host.kvm_reason = "no /dev/kvm";
  for (const Finding& choice : plan_vm(plan.config, plan.host).choices) {
    INFO(choice.name);
    CHECK_FALSE(choice.value.empty());
    CHECK_FALSE(choice.reason.empty());
  }
}
