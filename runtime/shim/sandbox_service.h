// SPDX-License-Identifier: Apache-2.0
//
// kata.sandbox.SandboxService: what our command line asks beyond containerd's task service.
#pragma once

#include "runtime/shim/service_options.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::shim {

/// Events of one sandbox for `kata-runtime events`: numbered, the newest few kept.
class EventLog {
 public:
  explicit EventLog(asio::io_context& io) : io_(io) {}
  void add(const std::string& container_id, std::string type);
  /// Parked until the container has an event numbered higher than `after`: {number, type}.
  asio::awaitable<std::pair<std::uint64_t, std::string>> next(std::string container_id,
                                                              std::uint64_t after);

 private:
  struct Entry {
    std::uint64_t number;
    std::string container_id;
    std::string type;
  };
  static constexpr std::size_t kKept = 256;

  asio::io_context& io_;
  std::vector<Entry> entries_;
  std::uint64_t last_ = 0;
  std::shared_ptr<sandbox::Latch> changed_;
};

/// Registers every method; both must outlive the server.
void add_sandbox_service(wire::Server& server, ServiceContext& context, EventLog& events);

}  // namespace kata::shim
