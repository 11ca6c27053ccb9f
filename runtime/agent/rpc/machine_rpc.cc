// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>
#include <sys/swap.h>

#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <memory>

#include "agent.pb.h"
#include "runtime/agent/machine/guest_clock.h"
#include "runtime/agent/machine/hotplug.h"
#include "runtime/agent/machine/metrics.h"
#include "runtime/agent/machine/random.h"
#include "runtime/agent/rpc/services.h"
#include "runtime/agent/storage/block_device.h"
#include "runtime/agent/storage/storage.h"
#include "runtime/base/log.h"

namespace kata::agent {
namespace {

using wire::Empty;

constexpr int kMaxProbes = 4096;
constexpr unsigned kMaxCpus = 4096;

/// Hot-plugged processors show up a moment after the host has added them.
asio::awaitable<Empty> online_cpu_and_memory(Sandbox& sandbox, grpc::OnlineCPUMemRequest request) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause(50);
  if (request.nb_cpus() > kMaxCpus)
    throw_error(Code::invalid_argument, "{} processors", request.nb_cpus());
  unsigned cpus = 0;
  for (int i = 0;; ++i) {
    const unsigned wanted = request.nb_cpus() == 0 ? 0 : request.nb_cpus() - cpus;
    const OnlineResult done = online_all(wanted, request.cpu_only());
    cpus += done.cpus;
    log::debug("brought online cpus={} memory_blocks={}", done.cpus, done.memory_blocks);
    if (!request.wait() || cpus >= request.nb_cpus()) break;
    if (i == kTries) {
      throw_error(Code::deadline_exceeded, "{} of {} processors are online", cpus,
                  request.nb_cpus());
    }
    asio::steady_timer timer(sandbox.executor(), kPause);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return Empty{};
}

grpc::GuestDetailsResponse guest_details(const Sandbox& sandbox,
                                         const grpc::GuestDetailsRequest& request) {
  grpc::GuestDetailsResponse response;
  if (request.mem_block_size()) response.set_mem_block_size_bytes(memory_block_size());
  if (request.mem_hotplug_probe()) response.set_support_mem_hotplug_probe(can_probe_memory());
  grpc::AgentDetails& details = *response.mutable_agent_details();
  details.set_version(KATA_VERSION);
  details.set_init_daemon(sandbox.options().is_init);
  for (const char* handler : {"blk", "mmioblk", "nvdimm", "scsi"})
    details.add_device_handlers(handler);
  for (const std::string& driver : storage_drivers()) details.add_storage_handlers(driver);
  details.set_supports_seccomp(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0);
  return response;
}

Empty set_date_time(GuestClock& clock, const grpc::SetGuestDateTimeRequest& request) {
  constexpr std::int64_t kMicroseconds = 1000000;
  if (request.sec() < 0 || request.usec() < 0 || request.usec() >= kMicroseconds) {
    throw_error(Code::invalid_argument, "no time: {} s {} us", request.sec(), request.usec());
  }
  constexpr std::int64_t kLast = std::int64_t{1} << 40;  // 34 865 years from now
  if (request.sec() > kLast) throw_error(Code::invalid_argument, "no time: {} s", request.sec());
  clock.follow(ClockTime(request.sec() * kMicroseconds + request.usec()));
  return {};
}

Empty probe(const grpc::MemHotplugByProbeRequest& request) {
  if (request.mem_hotplug_probe_addr_size() > kMaxProbes) {
    throw_error(Code::resource_exhausted, "over {} memory blocks", kMaxProbes);
  }
  const std::vector<std::uint64_t> addresses(request.mem_hotplug_probe_addr().begin(),
                                             request.mem_hotplug_probe_addr().end());
  probe_memory(addresses);
  return {};
}

/// The swap signature is the host's work: the disk comes formatted.
Empty add_swap(const grpc::AddSwapRequest& request) {
  std::string path;
  if (request.pci_path_size() == 0 || request.pci_path_size() > 16) {
    throw_error(Code::invalid_argument, "PCI path of {} parts", request.pci_path_size());
  }
  for (const std::uint32_t slot : request.pci_path())
    path += fmt::format("{}{:02x}", path.empty() ? "" : "/", slot);
  const std::string device = find_block_device(path);
  if (::swapon(device.c_str(), 0) != 0) throw_errno(errno, "swap on {}", device);
  return {};
}

}  // namespace

void add_machine_rpc(wire::Server& server, Sandbox& sandbox) {
  server.on<grpc::OnlineCPUMemRequest, Empty>(
      kAgentService, "OnlineCPUMem",
      [&sandbox](auto request) { return online_cpu_and_memory(sandbox, std::move(request)); });
  server.on_now<grpc::ReseedRandomDevRequest, Empty>(kAgentService, "ReseedRandomDev",
                                                     [](const auto& request) {
                                                       reseed_random(request.data());
                                                       return Empty{};
                                                     });
  server.on_now<grpc::GuestDetailsRequest, grpc::GuestDetailsResponse>(
      kAgentService, "GetGuestDetails",
      [&sandbox](const auto& request) { return guest_details(sandbox, request); });
  server.on_now<grpc::MemHotplugByProbeRequest, Empty>(kAgentService, "MemHotplugByProbe", probe);
  server.on_now<grpc::SetGuestDateTimeRequest, Empty>(
      kAgentService, "SetGuestDateTime",
      [clock = std::make_shared<GuestClock>()](const auto& request) {
        return set_date_time(*clock, request);
      });
  server.on_now<grpc::AddSwapRequest, Empty>(kAgentService, "AddSwap", add_swap);
  server.on_now<grpc::GetMetricsRequest, grpc::Metrics>(kAgentService, "GetMetrics",
                                                        [](const auto&) {
                                                          grpc::Metrics metrics;
                                                          metrics.set_metrics(guest_metrics());
                                                          return metrics;
                                                        });
}

}  // namespace kata::agent
