// SPDX-License-Identifier: Apache-2.0
//
// A machine whose PID 1 answers questions (guest_init.cc), and the io_context that runs it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/hypervisor/qemu_vm.h"
#include "runtime/hypervisor/vm_plan.h"
#include "tests/support/require.h"

namespace kata::hypervisor {

/// One entry of a newc archive. See the kernel's
/// Documentation/driver-api/early-userspace/buffer-format.rst.
inline std::string cpio_entry(const std::string& name, unsigned mode, const std::string& data,
                              unsigned major = 0, unsigned minor = 0) {
  std::string entry = fmt::format(
      "070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", 0,
      mode, 0, 0, 1, 0, data.size(), 0, 0, major, minor, name.size() + 1, 0);
  entry += name + '\0';
  entry.resize((entry.size() + 3) & ~std::size_t{3});
  entry += data;
  entry.resize((entry.size() + 3) & ~std::size_t{3});
  return entry;
}

inline std::string test_kernel() {
  const char* named = std::getenv("KATA_TEST_KERNEL");
  return named != nullptr ? named : "/usr/share/kata-containers/vmlinux.container";
}

class TestGuest {
 public:
  /// Skips the test where there is no QEMU or no kernel.
  explicit TestGuest(const std::string& machine = "q35", const std::string& shared_fs = "none") {
    test::require_program("qemu-system-x86_64");
    test::require(path_exists(test_kernel()), "kernel",
                  "needs a guest kernel: KATA_TEST_KERNEL=vmlinux");
    const std::string initrd = dir.path() + "/initrd";
    write_file(initrd, cpio_entry("dev", 0040755, "") +
                           cpio_entry("dev/console", 0020600, "", 5, 1) +
                           cpio_entry("init", 0100755, read_file(KATA_GUEST_INIT)) +
                           cpio_entry("TRAILER!!!", 0, ""));
    make_directories(dir.path() + "/shared");
    config::Config configuration;
    configuration.hypervisor.kernel = test_kernel();
    configuration.hypervisor.initrd = initrd;
    configuration.hypervisor.machine_type = machine;
    configuration.hypervisor.shared_fs = shared_fs;
    configuration.hypervisor.default_memory = 256;
    configuration.hypervisor.default_maxmemory = 1024;
    configuration.hypervisor.default_maxvcpus = 2;
    RealCommandRunner runner;
    ProbeOptions options;
    options.cache_dir = "";
    config = std::move(plan_vm(configuration, probe_host(runner, options)).vm);
    config.id = "test";
    config.shared.path = dir.path() + "/shared";
  }

  /// Runs `body` to its end on the machine's io_context; fails after `patience`.
  void run(asio::awaitable<void> body, std::chrono::seconds patience = std::chrono::seconds(60)) {
    std::optional<std::exception_ptr> outcome;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) { outcome = thrown; });
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!outcome && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_for(std::chrono::milliseconds(20));
    }
    if (!outcome) {
      throw_error(Code::deadline_exceeded, "the test's coroutine did not end; {}; console:\n{}",
                  vm->end_reason(), vm->console_tail());
    }
    if (*outcome) std::rethrow_exception(*outcome);
  }

  asio::awaitable<void> start() {
    vm = make_qemu_vm(io, std::move(config), {});
    co_await vm->start();
    UniqueFd channel = co_await vm->connect_agent(std::chrono::seconds(30));
    set_nonblocking(channel.get(), true);
    agent.emplace(io, channel.release());
  }

  /// A command that gets no answer.
  asio::awaitable<void> tell(std::string command) {
    command += "\n";
    std::size_t sent = 0;
    while (sent < command.size()) {
      sent += co_await agent->async_write_some(
          asio::buffer(command.data() + sent, command.size() - sent), asio::use_awaitable);
    }
  }

  /// Asks again until the answer is right; false when it is not within ten seconds.
  asio::awaitable<bool> ask_until(std::string question,
                                  std::function<bool(const std::string&)> is_right) {
    asio::steady_timer timer(io);
    for (int i = 0; i < 100; ++i) {
      const std::string answer = co_await ask(question);
      if (is_right(answer)) co_return true;
      timer.expires_after(std::chrono::milliseconds(100));
      co_await timer.async_wait(asio::use_awaitable);
    }
    co_return false;
  }

  /// One question to the guest's PID 1, one answer.
  asio::awaitable<std::string> ask(std::string question) {
    co_await tell(std::move(question));
    std::string answer;
    char c = 0;
    while (true) {
      co_await agent->async_read_some(asio::buffer(&c, 1), asio::use_awaitable);
      if (c == '\n') co_return answer;
      answer += c;
    }
  }

  TempDir dir;
  asio::io_context io;
  VmConfig config;
  std::unique_ptr<Vm> vm;
  std::optional<asio::posix::stream_descriptor> agent;
};

}  // namespace kata::hypervisor
