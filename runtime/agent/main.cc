// SPDX-License-Identifier: Apache-2.0
//
// kata-agent: PID 1 of the guest, or a service of an image that has its own init, or (in tests) an
// ordinary process.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "runtime/agent/container_init/container_init.h"
#include "runtime/agent/file_watch/change_teller.h"
#include "runtime/agent/init/debug_console.h"
#include "runtime/agent/init/early_mounts.h"
#include "runtime/agent/init/kernel_log.h"
#include "runtime/agent/init/kernel_parameters.h"
#include "runtime/agent/init/orphan_reaper.h"
#include "runtime/agent/init/shutdown.h"
#include "runtime/agent/init/transport.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/base/io.h"

namespace kata::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kCgroupRoot[] = "/sys/fs/cgroup";

/// Serves until DestroySandbox. `listen` as for serve_at(); empty: the host, over what the machine
/// has. `began` is when the agent did.
void serve_until_destroyed(Clock::time_point began, const KernelParameters& parameters,
                           bool is_init, const std::string& listen,
                           const std::string& cgroup_root) {
  // Output passes in pieces of 1 MiB. Memory that is mapped for each anew costs a page fault for
  // every 4 KiB of it, which is half of the time that a guest needs for such a piece.
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
  asio::io_context io(1);  // one thread: no locks inside
  Sandbox sandbox(io.get_executor(), {.is_init = is_init,
                                      .pipe_size = parameters.pipe_size,
                                      .power_off = [&io] { io.stop(); },
                                      .cgroup_root = cgroup_root});
  wire::Server server;
  add_all_services(server, sandbox);
  const auto rethrow = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  if (is_init)
    asio::co_spawn(io, reap_orphans([&](pid_t pid) { return sandbox.reap_known(pid); }), rethrow);
  asio::co_spawn(
      io, listen.empty() ? serve_host(server, parameters.vsock_only) : serve_at(server, listen),
      rethrow);
  if (parameters.debug_console && listen.empty())
    asio::co_spawn(io, serve_debug_console(), rethrow);
  if (log::is_enabled(log::Level::debug)) {
    log::debug("agent serves started_us_ago={} first_process_at_us={}",
               std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count(),
               first_process_time().value_or(0));
  }
  io.run();
}

[[noreturn]] void run_as_init(Clock::time_point began) {
  KernelParameters parameters;
  try {
    mount_first();
    log::to_kmsg(log::Level::info, "kata-agent");
    parameters = parse_kernel_parameters(read_file("/proc/cmdline"));
    log::to_kmsg(parameters.log, "kata-agent");
    mount_rest();
    let_guest_sleep();
    serve_until_destroyed(began, parameters, true, "", kCgroupRoot);
  } catch (const std::exception& error) {
    die_with(error.what(), parameters.power_off_by_reboot);
  }
  power_off(parameters.power_off_by_reboot);
}

int run_as_service(Clock::time_point began, int argc, char** argv) {
  const std::string listen = argc == 3 && std::string_view(argv[1]) == "--listen" ? argv[2] : "";
  if (argc != 1 && listen.empty()) {
    std::fputs("usage: kata-agent [--listen unix:PATH | fd:NUMBER]\n", stderr);
    return 2;
  }
  try {
    const KernelParameters parameters = parse_kernel_parameters(read_file("/proc/cmdline"));
    if (!listen.empty()) {
      log::to_stderr(parameters.log, "kata-agent");
      serve_until_destroyed(began, parameters, false, listen, kCgroupRoot);
      return 0;
    }
    // The kernel's log reaches the host by the console, a journal in the guest would not.
    log::to_kmsg(parameters.log, "kata-agent");
    serve_until_destroyed(began, parameters, false, "", find_cgroup_root());
    power_off_through_init(parameters.power_off_by_reboot);
    return 0;
  } catch (const std::exception& error) {
    log::error("agent ends error=\"{}\"", error.what());
    return 1;
  }
}

}  // namespace
}  // namespace kata::agent

int main(int argc, char** argv) {
  using namespace kata::agent;
  const Clock::time_point began = Clock::now();
  if (is_container_init(argc, argv)) return container_init_main(argc, argv);
  if (argc == 2 && std::string_view(argv[1]) == kPauseArgument) pause_main();
  if (argc == 2 && std::string_view(argv[1]) == kTellChanges) return tell_changes_main();
  // A handler, since an ignored signal would stay ignored in the containers' programs.
  signal(SIGPIPE, [](int) {});
  if (getpid() == 1 && argc == 1) run_as_init(began);
  return run_as_service(began, argc, argv);
}
