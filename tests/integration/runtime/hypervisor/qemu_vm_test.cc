// SPDX-License-Identifier: Apache-2.0
//
// Real machines: they boot, share files, carry frames, grow, and end in every way a machine can
// end.
#include <signal.h>

#include <catch2/catch.hpp>

#include "runtime/sandbox/shared_folder.h"
#include "test_guest.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

// GCC 12 evaluates a co_await inside CHECK() twice, so answers go into variables first.

TEST_CASE("a machine boots, answers over its serial port and powers off", "[qemu_vm]") {
  const std::string machine = GENERATE("q35", "microvm");
  TestGuest guest(machine);
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    const std::string answer = co_await g.ask("read /proc/sys/kernel/ostype");
    CHECK(answer == "Linux");
    CHECK(g.vm->pid() > 0);
    // The console is another connection than the port: its text may come a moment later.
    for (int i = 0; i < 100 && g.vm->console_tail().find("GUEST-INIT-RUNS") == std::string::npos;
         ++i) {
      asio::steady_timer timer(g.io, std::chrono::milliseconds(50));
      co_await timer.async_wait(asio::use_awaitable);
    }
    CHECK_THAT(g.vm->console_tail(), Contains("GUEST-INIT-RUNS"));
    co_await g.tell("off");
    const int status = co_await g.vm->wait_exit();
    CHECK(status == 0);
    CHECK(g.vm->pid() == 0);
    CHECK_THAT(g.vm->end_reason(), Contains("status 0"));
  }(guest));
}

TEST_CASE("host and guest share a folder", "[qemu_vm]") {
  test::require_root();
  const auto [machine, kind] = GENERATE(table<std::string, std::string>(
      {{"q35", "virtio-fs"}, {"q35", "virtio-9p"}, {"microvm", "virtio-9p"}}));
  TestGuest guest(machine, kind);
  if (kind == "virtio-fs") {
    test::require(guest.config.shared.kind == SharedFs::virtio_fs, "virtiofsd", "needs virtiofsd");
  }
  INFO(machine << " " << kind);
  write_file(guest.config.shared.path + "/from-host", "hello");
  guest.run([](TestGuest& g, bool is_virtiofs) -> asio::awaitable<void> {
    co_await g.start();
    CHECK(g.vm->helper_pids().size() == (is_virtiofs ? 1 : 0));
    const std::string mounted = co_await g.ask(is_virtiofs ? "mount virtiofs" : "mount 9p");
    CHECK(mounted == "ok");
    const std::string text = co_await g.ask("read /shared/from-host");
    CHECK(text == "hello");
    const std::string written = co_await g.ask("write /shared/from-guest back");
    CHECK(written == "ok");
    CHECK(read_file(g.dir.path() + "/shared/from-guest") == "back");
    co_await g.vm->stop(std::chrono::seconds(5));
    CHECK(g.vm->helper_pids().empty());
  }(guest, kind == "virtio-fs"));
}

TEST_CASE("a guest sees what is shared while it runs, and writes no more than that", "[qemu_vm]") {
  test::require_root();
  const std::string kind = GENERATE("virtio-fs", "virtio-9p");
  TestGuest guest("q35", kind);
  if (kind == "virtio-fs") {
    test::require(guest.config.shared.kind == SharedFs::virtio_fs, "virtiofsd", "needs virtiofsd");
  }
  INFO(kind);
  const std::string volume = guest.dir.path() + "/volume";
  make_directories(volume);
  write_file(volume + "/from-host", "hello");
  sandbox::SharedFolder folder(guest.dir.path());
  guest.config.shared.path = folder.path();
  guest.run([](TestGuest& g, sandbox::SharedFolder& shared, std::string source,
               bool is_virtiofs) -> asio::awaitable<void> {
    co_await g.start();
    const std::string mounted = co_await g.ask(is_virtiofs ? "mount virtiofs" : "mount 9p");
    CHECK(mounted == "ok");
    shared.add(source, "c1", "rootfs", sandbox::Access::read_write);
    shared.add(source, "c1", "read-only", sandbox::Access::read_only);
    const std::string text = co_await g.ask("read /shared/c1/rootfs/from-host");
    CHECK(text == "hello");
    const std::string written = co_await g.ask("write /shared/c1/rootfs/from-guest back");
    CHECK(written == "ok");
    CHECK(read_file(source + "/from-guest") == "back");
    const std::string again = co_await g.ask("read /shared/c1/read-only/from-guest");
    CHECK(again == "back");
    const std::string refused = co_await g.ask("write /shared/c1/read-only/from-guest more");
    CHECK(refused != "ok");
    const std::string beside = co_await g.ask("write /shared/c2 text");
    CHECK(beside != "ok");
    CHECK(read_file(source + "/from-guest") == "back");
    CHECK_FALSE(path_exists(shared.path() + "/c2"));
    co_await g.vm->stop(std::chrono::seconds(5));
  }(guest, folder, volume, kind == "virtio-fs"));
}

TEST_CASE("a machine that runs is paused and resumed", "[qemu_vm]") {
  TestGuest guest;
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    co_await g.ask("cpus");
    co_await g.vm->pause();
    co_await g.vm->resume();
    const std::string answer = co_await g.ask("read /proc/sys/kernel/ostype");
    CHECK(answer == "Linux");
    co_await g.vm->stop(std::chrono::seconds(5));
  }(guest));
}

TEST_CASE("a machine that runs gets more CPUs and memory", "[qemu_vm]") {
  const bool acpi = GENERATE(false, true);
  INFO("acpi " << acpi);
  TestGuest guest;
  guest.config.acpi = acpi;
  guest.run([](TestGuest& g, bool has_acpi) -> asio::awaitable<void> {
    co_await g.start();
    const std::string before = co_await g.ask("memory");
    const std::string one = co_await g.ask("read /sys/devices/system/cpu/online");
    CHECK(one == "0");
    const std::uint32_t cpus = co_await g.vm->grow_vcpus(2);
    CHECK(cpus == 2);
    const bool has_cpus =
        co_await g.ask_until("cpus", [](const std::string& a) { return a == "0-1"; });
    CHECK(has_cpus);
    const GrownMemory grown = co_await g.vm->grow_memory(512);
    CHECK(grown.mib == 512);
    CHECK(grown.blocks.size() == (has_acpi ? 0 : 2));
    for (const std::uint64_t block : grown.blocks) {
      std::string question = fmt::format("write /sys/devices/system/memory/probe {:#x}", block);
      const std::string told = co_await g.ask(std::move(question));
      CHECK(told == "ok");
    }
    const bool has_memory =
        co_await g.ask_until("memory", [&](const std::string& a) { return a != before; });
    CHECK(has_memory);
    co_await g.vm->stop(std::chrono::seconds(5));
  }(guest, acpi));
}

TEST_CASE("a machine that runs gets a disk and gives it back", "[qemu_vm]") {
  const bool acpi = GENERATE(false, true);
  INFO("acpi " << acpi);
  TestGuest guest;
  guest.config.acpi = acpi;
  write_file(guest.dir.path() + "/disk", std::string(1 << 20, 'd'));
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    co_await g.ask("cpus");
    BlockDevice disk;
    disk.id = "disk0";
    disk.path = g.dir.path() + "/disk";
    co_await g.vm->add_block(std::move(disk));
    const auto is_there = [](const std::string& a) {
      return a.find("=disk0") != std::string::npos;
    };
    const bool came = co_await g.ask_until("disks", is_there);
    CHECK(came);
    co_await g.vm->remove_block("disk0");
    const bool went =
        co_await g.ask_until("disks", [&](const std::string& a) { return !is_there(a); });
    CHECK(went);
    co_await g.vm->stop(std::chrono::seconds(5));
  }(guest));
}

TEST_CASE("asking too much of a machine is refused with what to do", "[qemu_vm]") {
  TestGuest guest;
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    std::string failure;
    try {
      co_await g.vm->grow_memory(100000);
    } catch (const Error& error) {
      failure = error.what();
    }
    CHECK_THAT(failure, Contains("default_maxmemory"));
    co_await g.vm->stop(std::chrono::seconds(5));
  }(guest));
}

TEST_CASE("a machine that is killed is seen to have ended at once", "[qemu_vm]") {
  TestGuest guest;
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    co_await g.ask("cpus");
    ::kill(g.vm->pid(), SIGKILL);
    const auto begin = std::chrono::steady_clock::now();
    const int status = co_await g.vm->wait_exit();
    CHECK(status == 128 + SIGKILL);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
    CHECK_THAT(g.vm->end_reason(), Contains("signal 9"));
  }(guest));
}

TEST_CASE("a guest that panics ends its machine, and its last words are kept", "[qemu_vm]") {
  TestGuest guest;
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    co_await g.ask("cpus");
    co_await g.tell("panic");
    co_await g.vm->wait_exit();
    CHECK_THAT(g.vm->console_tail(), Contains("Kernel panic"));
  }(guest));
}

TEST_CASE("a QEMU that refuses its command line is quoted", "[qemu_vm]") {
  TestGuest guest;
  guest.config.machine_options += ",no-such-option=on";
  guest.run([](TestGuest& g) -> asio::awaitable<void> {
    co_await g.start();
    const int status = co_await g.vm->wait_exit();
    CHECK(status == 1);
    CHECK_THAT(g.vm->end_reason(), Contains("no-such-option"));
    CHECK(g.vm->helper_pids().empty());
  }(guest));
}

TEST_CASE("dropping a machine leaves no process", "[qemu_vm]") {
  TestGuest guest;
  pid_t pid = 0;
  guest.run([](TestGuest& g, pid_t& its_pid) -> asio::awaitable<void> {
    co_await g.start();
    its_pid = g.vm->pid();
  }(guest, pid));
  REQUIRE(pid > 0);
  guest.vm.reset();
  CHECK(::kill(pid, 0) != 0);
}
