// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_command_line.h"

#include <fcntl.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/base/command.h"
#include "runtime/base/error.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

namespace {

VmConfig machine(Machine kind = Machine::q35) {
  VmConfig vm;
  vm.id = "c1";
  vm.qemu = "/usr/bin/qemu-system-x86_64";
  vm.machine = kind;
  vm.machine_name = to_string(kind);
  vm.kernel = "/k";
  vm.initrd = "/i";
  return vm;
}

Channels channels() {
  Channels result;
  result.qmp = 20;
  result.console = 21;
  result.agent = 22;
  return result;
}

std::string text_of(const VmConfig& vm, const Channels& c = channels()) {
  Command command;
  command.argv = build_command_line(vm, c).argv;
  return printable(command);
}

UniqueFd some_fd() { return open_file("/dev/null", O_RDONLY); }

}  // namespace

TEST_CASE("a plain machine has kernel, monitor, console and the agent's port", "[command_line]") {
  const std::string text = text_of(machine());
  CHECK_THAT(text, Contains("-kernel /k -initrd /i"));
  CHECK_THAT(text,
             Contains("-nodefaults") && Contains("-no-user-config") && Contains("-no-reboot"));
  CHECK_THAT(text, Contains("virtserialport") && Contains("name=agent.channel.0"));
  CHECK_THAT(text, Contains("virtio-serial-pci"));
  CHECK_THAT(text, Contains("-accel tcg,thread=multi,tb-size=64"));
  CHECK_THAT(text, !Contains("virtio-net") && !Contains("pcie-root-port") && !Contains("maxmem"));
}

TEST_CASE("a debug console is a port of its own, and the agent is told", "[command_line]") {
  VmConfig vm = machine();
  CHECK_THAT(text_of(vm), !Contains("agent.debug"));
  vm.debug_console = "/run/x/debug-console.sock";
  Channels ends = channels();
  ends.debug_console = 23;
  const std::string text = text_of(vm, ends);
  CHECK_THAT(text, Contains("max_ports=3") && Contains("id=debug") &&
                       Contains("server=on,wait=off") && Contains("nr=2,chardev=debug") &&
                       Contains("name=agent.debug.0") && Contains(" agent.debug_console"));
}

TEST_CASE("descriptors are numbered from 3, sorted, and named by their numbers", "[command_line]") {
  VmConfig vm = machine();
  NetworkDevice net;
  net.id = "net0";
  net.mac = "02:00:00:00:00:01";
  net.tap_fds.push_back(some_fd());
  net.tap_fds.push_back(some_fd());
  vm.networks.push_back(std::move(net));
  const QemuCommandLine line = build_command_line(vm, channels());
  REQUIRE(line.fds.size() == 5);
  for (std::size_t i = 0; i < line.fds.size(); ++i)
    CHECK(line.fds[i].first == static_cast<int>(i) + 3);
  CHECK(line.fds[0].second == 20);
  Command command;
  command.argv = line.argv;
  CHECK_THAT(printable(command),
             Contains("socket,id=qmp,fd=3") && Contains("fds=6:7") && Contains("mq=on,vectors=6"));
}

TEST_CASE("microvm uses its own bus and cannot grow", "[command_line]") {
  VmConfig vm = machine(Machine::microvm);
  vm.max_vcpus = 8;
  vm.memory_slots = 4;
  vm.max_memory_mib = 8192;
  vm.hotplug_ports = 4;
  const std::string text = text_of(vm);
  CHECK_THAT(text, Contains("virtio-serial-device") && Contains("maxcpus=1"));
  CHECK_THAT(text, !Contains("-pci") && !Contains("maxmem") && !Contains("pcie-root-port"));
}

TEST_CASE("virtio-fs needs shared memory, 9p a folder", "[command_line]") {
  VmConfig vm = machine();
  vm.shared.kind = SharedFs::virtio_fs;
  Channels with_fs = channels();
  with_fs.virtiofs = 23;
  CHECK_THAT(text_of(vm, with_fs), Contains("memory-backend-memfd") && Contains("share=on") &&
                                       Contains("vhost-user-fs-pci,chardev=shared"));
  vm.shared.kind = SharedFs::virtio_9p;
  vm.shared.path = "/run/a,b";
  // A comma in QEMU's option lists is written twice, or it would start another option.
  CHECK_THAT(text_of(vm), Contains("path=/run/a,,b") && !Contains("share=on"));
}

TEST_CASE("memory that holds the kernel is QEMU's to map, not to make", "[command_line]") {
  VmConfig vm = machine();
  vm.shared.kind = SharedFs::virtio_fs;
  Channels with_kernel = channels();
  with_kernel.virtiofs = 23;
  with_kernel.memory = 24;
  with_kernel.kernel_entry = 25;
  const QemuCommandLine line = build_command_line(vm, with_kernel);
  Command command;
  command.argv = line.argv;
  const auto number_of = [&](int fd) {
    for (const auto& [number, from] : line.fds) {
      if (from == fd) return number;
    }
    return -1;
  };
  CHECK_THAT(printable(command),
             Contains(fmt::format("mem-path=/proc/self/fd/{},share=on", number_of(24))) &&
                 Contains(fmt::format("-kernel /proc/self/fd/{}", number_of(25))) &&
                 Contains("memory-backend-file,id=ram0,") && !Contains("memfd"));
}

TEST_CASE("with vsock there is no serial port for the agent", "[command_line]") {
  VmConfig vm = machine();
  vm.vsock = true;
  vm.vsock_cid = 77;
  Channels with_vsock = channels();
  with_vsock.agent = -1;
  with_vsock.vhost_vsock = 30;
  CHECK_THAT(text_of(vm, with_vsock), Contains("vhost-vsock-pci") && Contains("guest-cid=77") &&
                                          !Contains("virtserialport"));
}

TEST_CASE("hot-plug is prepared only where it is wanted", "[command_line]") {
  VmConfig vm = machine();
  vm.max_vcpus = 4;
  vm.memory_slots = 3;
  vm.max_memory_mib = 4096;
  vm.hotplug_ports = 2;
  const std::string text = text_of(vm);
  CHECK_THAT(text, Contains("maxcpus=4") && Contains("slots=3,maxmem=4096M") && Contains("port1"));
  // Devices behind the root ports would not be found.
  CHECK_THAT(text, !Contains("pci=lastbus=0"));
}

TEST_CASE("a guest without ACPI has all its CPUs and uses those it is to", "[command_line]") {
  VmConfig vm = machine();
  vm.acpi = false;
  vm.vcpus = 2;
  vm.max_vcpus = 5;
  vm.translation_cache_mib = 64;
  CHECK_THAT(text_of(vm), Contains("-smp 5,sockets=5,") && Contains("maxcpus=5") &&
                              Contains("acpi=off maxcpus=2") && Contains("tb-size=76"));
  CHECK_THAT(text_of(vm), !Contains("pcie_ports"));
  vm.hotplug_ports = 1;
  CHECK_THAT(text_of(vm),
             Contains("pcie_ports=native") && Contains("acpi-pci-hotplug-with-bridge-support=off"));
}

TEST_CASE("KVM guests keep their defences and get the host's processor", "[command_line]") {
  VmConfig vm = machine();
  vm.accelerator = Accelerator::kvm;
  vm.tsc_khz = 2000000;
  CHECK_THAT(text_of(vm), Contains("-cpu host") && Contains("-accel kvm") &&
                              !Contains("mitigations=off") && !Contains("tsc_early_khz"));
}

TEST_CASE("an emulated processor has no features that cost more than they give", "[command_line]") {
  CHECK_THAT(text_of(machine()), Contains("-cpu max,la57=off,erms=off"));
}

TEST_CASE("pages that virtiofsd fills are cleared first where QEMU would not notice",
          "[command_line]") {
  VmConfig vm = machine();
  vm.shared.kind = SharedFs::virtio_fs;
  CHECK_THAT(kernel_command_line(vm), Contains(" init_on_alloc=1,fuse virtiofs.poll_us="));
  vm.shared.kind = SharedFs::virtio_9p;
  CHECK_THAT(kernel_command_line(vm), !Contains("init_on_alloc"));
  vm.shared.kind = SharedFs::virtio_fs;
  vm.accelerator = Accelerator::kvm;
  CHECK_THAT(kernel_command_line(vm), !Contains("init_on_alloc"));
}

TEST_CASE("the user's kernel parameters win over ours", "[command_line]") {
  VmConfig vm = machine();
  vm.tsc_khz = 2000000;
  vm.kernel_params = "panic=5 console=ttyS0 dyndbg=\"file x +p\" quiet";
  const std::string line = kernel_command_line(vm);
  CHECK_THAT(line, Contains("panic=5") && !Contains("panic=1"));
  CHECK_THAT(line, Contains("console=hvc0") && Contains("console=ttyS0"));
  CHECK_THAT(line, Contains("dyndbg=\"file x +p\""));
  CHECK_THAT(line, Contains("tsc_early_khz=2000000"));
  CHECK(line.find("quiet") == line.rfind("quiet"));
}

TEST_CASE("a kernel command line that the kernel would cut is refused", "[command_line]") {
  VmConfig vm = machine();
  vm.kernel_params = "x=" + std::string(3000, 'y');
  CHECK_THROWS_WITH(kernel_command_line(vm), Contains("kernel_params"));
}

TEST_CASE("a disk image is attached read-only, in its own format", "[command_line]") {
  VmConfig vm = machine(GENERATE(Machine::q35, Machine::microvm));
  vm.initrd.clear();
  vm.root.image = "/images/a,b.img";
  vm.root.format = "qcow2";
  vm.root.is_partitioned = true;
  const std::string text = text_of(vm);
  CHECK_THAT(text, Contains("format=qcow2,file=/images/a,,b.img,readonly=on"));
  CHECK_THAT(text, Contains(vm.machine == Machine::q35 ? "virtio-blk-pci" : "virtio-blk-device"));
  CHECK_THAT(text, !Contains("-initrd") && Contains("root=/dev/vda1"));
  // Both masks stay, though they have one name.
  CHECK_THAT(text, Contains("networkd.service") && Contains("networkd.socket"));
}

TEST_CASE("an image as memory has its slot and its size in the machine", "[command_line]") {
  VmConfig vm = machine();
  vm.initrd.clear();
  vm.root.image = "/i.img";
  vm.root.device = RootDevice::nvdimm;
  vm.root.size_mib = 128;
  CHECK_THAT(text_of(vm), Contains("-m 2048M,slots=1,maxmem=2176M") && Contains("nvdimm=on") &&
                              Contains("mem-path=/i.img,size=128M,share=on,readonly=on") &&
                              Contains("nvdimm,id=dev-rootfs,memdev=rootfs,unarmed=on"));
  vm.memory_slots = 3;
  vm.max_memory_mib = 4096;
  vm.root.device = RootDevice::virtio_pmem;
  CHECK_THAT(text_of(vm), Contains("slots=4,maxmem=4224M") && Contains("virtio-pmem-pci") &&
                              !Contains("nvdimm"));
}

TEST_CASE("a PCI device of the host is on the root bus from the start", "[command_line]") {
  VmConfig vm = machine();
  vm.hotplug_ports = 1;
  vm.pci_devices.push_back({.id = "vfio0", .address = "0000:01:00.0"});
  CHECK_THAT(text_of(vm), Contains("-device vfio-pci,id=dev-vfio0,host=0000:01:00.0,bus=pcie.0"));
}
