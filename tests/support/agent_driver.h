// SPDX-License-Identifier: Apache-2.0
//
// A kata-agent for tests, as an ordinary process in namespaces of its own, and the calls that a
// test makes to it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent.pb.h"
#include "guest.pb.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "runtime/wire/ttrpc/client.h"
#include "runtime/wire/ttrpc/server.h"

namespace kata::test {

using wire::Empty;

/// Typed calls to an agent, whichever way it is reached.
class AgentDriver {
 public:
  explicit AgentDriver(UniqueFd fd) : client_(std::move(fd)) {}

  template <typename Response = Empty, typename Request>
  Response call(const char* method, const Request& request,
                std::chrono::milliseconds deadline = std::chrono::seconds(60)) {
    return client_.call<Response>("grpc.AgentService", method, request, deadline);
  }
  /// Starts a call and leaves it parked; see answer().
  template <typename Request>
  std::uint32_t begin(const char* method, const Request& request) {
    return client_.send("grpc.AgentService", method, request.SerializeAsString());
  }
  template <typename Response>
  Response answer(std::uint32_t call,
                  std::chrono::milliseconds deadline = std::chrono::seconds(60)) {
    return wire::BlockingClient::decode<Response>(client_.receive(call, deadline));
  }
  [[nodiscard]] wire::BlockingClient& client() { return client_; }

  void create(const std::string& id, const grpc::Spec& spec);
  void start(const std::string& id);
  void exec(const std::string& id, const std::string& exec_id, const grpc::Process& process);
  int wait(const std::string& id, const std::string& exec_id = "");
  /// Everything up to the end of file.
  std::string read_output(const std::string& id, const std::string& exec_id = "",
                          bool error_output = false);
  std::string read_some(const std::string& id, const std::string& exec_id = "");
  std::size_t write_input(const std::string& id, const std::string& data);
  void close_input(const std::string& id);
  void signal(const std::string& id, const std::string& exec_id, int number);
  void remove(const std::string& id);

 private:
  wire::BlockingClient client_;
};

/// A busybox root file system; removed at the end.
class BusyboxRootfs {
 public:
  BusyboxRootfs();
  [[nodiscard]] std::string path() const { return folder_.path() + "/rootfs"; }

 private:
  TempDir folder_;
};

/// A specification with what every container has: /proc, /dev, devpts, its own namespaces.
[[nodiscard]] grpc::Spec busybox_spec(const std::string& rootfs,
                                      const std::vector<std::string>& args);

/// The agent of this build (KATA_AGENT names it), in its own mount, pid and network namespaces with
/// an empty /run and the cgroup2 tree; ends with the object.
class LocalAgent {
 public:
  LocalAgent();
  ~LocalAgent();
  [[nodiscard]] AgentDriver connect() const;

 private:
  TempDir folder_;
  ChildProcess process_;
};

}  // namespace kata::test
