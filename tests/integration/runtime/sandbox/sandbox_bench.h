// SPDX-License-Identifier: Apache-2.0
//
// A sandbox whose machine is a thread: everything on the host is real (cgroup, network namespace,
// shared folder, descriptors), only the guest is the test's.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hostile_agent.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/sandbox/sandbox.h"

namespace kata::test {

/// How a call of the sandbox ended.
struct Outcome {
  bool ended = false;  ///< false: it hangs
  Code code = Code::ok;
  std::string text;  ///< of the Error
};

struct BenchOptions {
  std::map<std::string, Attack> attacks{};
  std::map<std::string, HostileAgent::Answer> answers{};
  std::map<std::string, std::string> failures{};
  std::chrono::milliseconds kill_grace{8000};
  std::string network_path{};  ///< of a namespace; empty: an empty one
  std::string resolver{};      ///< a nameserver for the container's /etc/resolv.conf
  std::string socket{};        ///< a unix socket of the host that is a volume
  unsigned uid = 0;            ///< of the container's process
};

class SandboxBench {
 public:
  explicit SandboxBench(BenchOptions options = {});
  /// Ends the sandbox, and everything that it put on the host.
  ~SandboxBench();
  SandboxBench(const SandboxBench&) = delete;
  SandboxBench& operator=(const SandboxBench&) = delete;

  /// Runs one call of the sandbox to its end, for half a minute at most.
  template <typename Result>
  Outcome run(asio::awaitable<Result> call) {
    const auto outcome = std::make_shared<Outcome>();
    asio::co_spawn(io, std::move(call), Keep{outcome});
    run_until([&] { return outcome->ended; });
    return *outcome;
  }
  /// Lets the sandbox work until `done`, for half a minute at most; whether it is.
  bool run_until(const std::function<bool()>& done);

  Outcome create(const std::string& id = "c1", sandbox::StdioFds fds = sandbox::StdioFds(),
                 bool terminal = false);
  /// Begins one that run() and run_until() carry on; `outcome` is filled in at its end.
  void begin_create(const std::string& id, const std::shared_ptr<Outcome>& outcome);
  Outcome start(const std::string& id = "c1", const std::string& exec_id = "");
  Outcome exec(const std::string& id, const std::string& exec_id);
  Outcome update(std::int64_t memory_limit);
  /// Ends the machine.
  Outcome shut_down() { return run(sandbox().shut_down()); }

  [[nodiscard]] sandbox::Sandbox& sandbox() { return *sandbox_; }
  [[nodiscard]] HostileAgent& agent() { return *agent_; }
  /// Where the sandbox keeps what is its own.
  [[nodiscard]] std::string folder() const { return dir_.path() + "/sandbox"; }

  asio::io_context io;
  std::vector<sandbox::Event> events;

 private:
  /// Keeps how a call ended.
  struct Keep {
    std::shared_ptr<Outcome> outcome;
    template <typename... Result>
    void operator()(const std::exception_ptr& failure, Result...) const {
      outcome->ended = true;
      try {
        if (failure) std::rethrow_exception(failure);
      } catch (const Error& error) {
        outcome->code = error.code();
        outcome->text = error.what();
      } catch (const std::exception& error) {
        outcome->code = Code::unknown;
        outcome->text = std::string("not an Error: ") + error.what();
      }
    }
  };

  [[nodiscard]] std::string make_bundle(const std::string& id) const;

  BenchOptions options_;
  TempDir dir_;
  std::string cgroup_;
  std::unique_ptr<HostileAgent> agent_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

/// Open descriptors of this process.
[[nodiscard]] std::size_t open_descriptors();
/// Resident memory of this process, and the most it has been, in bytes.
[[nodiscard]] std::size_t resident_memory();
[[nodiscard]] std::size_t peak_memory();

}  // namespace kata::test
