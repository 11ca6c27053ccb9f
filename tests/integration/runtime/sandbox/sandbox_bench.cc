// SPDX-License-Identifier: Apache-2.0
#include "sandbox_bench.h"

#include <sys/socket.h>
#include <unistd.h>

#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/sandbox/host_cgroup.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

/// So short that a test can wait for it, for the one method that is not answered.
constexpr std::chrono::milliseconds kShortDeadline{50};
constexpr std::chrono::seconds kHang{30};

/// A machine that is nothing but the agent's connection.
class AgentMachine final : public hypervisor::Vm {
 public:
  AgentMachine(asio::io_context& io, UniqueFd agent) : ended_(io), agent_(std::move(agent)) {
    ended_.expires_at(asio::steady_timer::time_point::max());
  }

  asio::awaitable<void> start() override { co_return; }
  asio::awaitable<UniqueFd> connect_agent(std::chrono::milliseconds) override {
    co_return std::move(agent_);
  }
  asio::awaitable<int> wait_exit() override {
    std::error_code ignored;
    while (!has_ended_)
      co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return 0;
  }
  asio::awaitable<void> stop(std::chrono::milliseconds) override {
    has_ended_ = true;
    ended_.cancel();
    co_return;
  }
  asio::awaitable<void> pause() override { co_return; }
  asio::awaitable<void> resume() override { co_return; }
  asio::awaitable<std::uint32_t> grow_vcpus(std::uint32_t count) override { co_return count; }
  asio::awaitable<hypervisor::GrownMemory> grow_memory(std::uint32_t mib) override {
    hypervisor::GrownMemory grown;
    grown.mib = mib;
    grown.blocks.push_back(std::uint64_t{4} << 30);
    co_return grown;
  }
  asio::awaitable<void> add_network(hypervisor::NetworkDevice) override { co_return; }
  asio::awaitable<void> remove_network(const std::string&) override { co_return; }
  asio::awaitable<void> add_block(hypervisor::BlockDevice) override { co_return; }
  asio::awaitable<void> remove_block(const std::string&) override { co_return; }
  asio::awaitable<void> add_pci(hypervisor::PciDevice) override { co_return; }
  asio::awaitable<void> remove_pci(const std::string&) override { co_return; }
  asio::awaitable<std::string> pci_path(const std::string&) override { co_return "02/00"; }
  [[nodiscard]] pid_t pid() const noexcept override { return has_ended_ ? 0 : ::getpid(); }
  [[nodiscard]] std::vector<pid_t> helper_pids() const override { return {}; }
  [[nodiscard]] std::string end_reason() const override { return {}; }
  [[nodiscard]] std::string console_tail() const override { return "last words of the guest"; }

 private:
  asio::steady_timer ended_;
  UniqueFd agent_;
  bool has_ended_ = false;
};

std::size_t status_field(const std::string& name) {
  std::istringstream lines(read_file("/proc/self/status"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + ":")) return std::stoul(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

}  // namespace

SandboxBench::SandboxBench(BenchOptions options)
    : options_(std::move(options)), cgroup_(fmt::format("/kata-hostile-{}", ::getpid())) {
  std::signal(SIGPIPE, SIG_IGN);                 // as the sandbox process does
  log::to_stderr(log::Level::error, "sandbox");  // what an agent does wrong is logged, much of it
  require_root();
  require_program("qemu-system-x86_64");  // the sandbox plans a machine, which is then not started
  make_directories(folder());
  write_file(dir_.path() + "/configuration.toml",
             "[hypervisor.qemu]\nshared_fs = \"virtio-9p\"\nkernel = \"/bin/true\"\n"
             "initrd = \"/bin/true\"\n");
  write_file(dir_.path() + "/resolv.conf", "nameserver " + options_.resolver + "\n");
  sandbox::SandboxOptions wanted{
      .id = "c1", .folder = folder(), .config_flag = dir_.path() + "/configuration.toml"};
  wanted.kill_grace = options_.kill_grace;
  for (const auto& [method, attack] : options_.attacks) {
    if (attack == Attack::silence) wanted.deadlines[method] = kShortDeadline;
  }
  wanted.make_machine = [this](asio::io_context& its_io, hypervisor::VmConfig,
                               hypervisor::QemuVmHooks) -> std::unique_ptr<hypervisor::Vm> {
    auto [host, guest] = make_socket_pair(SOCK_STREAM);
    agent_ = std::make_unique<HostileAgent>(std::move(guest), options_.attacks, options_.answers,
                                            options_.failures);
    return std::make_unique<AgentMachine>(its_io, std::move(host));
  };
  sandbox_ = std::make_unique<sandbox::Sandbox>(io, std::move(wanted));
  sandbox_->on_event = [this](const sandbox::Event& event) { events.push_back(event); };
}

SandboxBench::~SandboxBench() {
  ignore_error([&] { shut_down(); }, "a test may have ended it");
  agent_.reset();
  io.poll();
  sandbox_.reset();
  sandbox::HostCgroup::for_path(cgroup_, "c1").remove(std::chrono::seconds(5));
}

bool SandboxBench::run_until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + kHang;
  io.restart();
  while (!done() && std::chrono::steady_clock::now() < end) {
    io.run_one_for(std::chrono::milliseconds(20));
    if (io.stopped()) io.restart();
  }
  return done();
}

std::string SandboxBench::make_bundle(const std::string& id) const {
  const std::string bundle = dir_.path() + "/bundle-" + id;
  make_directories(bundle + "/rootfs");
  Json network = {{"type", "network"}};
  if (!options_.network_path.empty()) network["path"] = options_.network_path;
  Json mounts = Json::array();
  if (!options_.resolver.empty()) {
    mounts.push_back({{"destination", "/etc/resolv.conf"},
                      {"type", "bind"},
                      {"source", dir_.path() + "/resolv.conf"},
                      {"options", Json::array({"rbind"})}});
  }
  if (!options_.socket.empty()) {
    mounts.push_back({{"destination", "/socket"},
                      {"type", "bind"},
                      {"source", options_.socket},
                      {"options", Json::array({"bind"})}});
  }
  const Json process = {{"cwd", "/"},
                        {"args", Json::array({"sh"})},
                        {"user", {{"uid", options_.uid}, {"gid", options_.uid}}}};
  const Json config = {
      {"ociVersion", "1.0.2"},
      {"process", process},
      {"root", {{"path", "rootfs"}}},
      {"mounts", mounts},
      {"linux", {{"cgroupsPath", cgroup_}, {"namespaces", Json::array({network})}}}};
  write_file(bundle + "/config.json", config.dump());
  return bundle;
}

Outcome SandboxBench::create(const std::string& id, sandbox::StdioFds fds, bool terminal) {
  sandbox::CreateRequest request;
  request.id = id;
  request.bundle = make_bundle(id);
  request.fds = std::move(fds);
  request.terminal = terminal;
  return run(sandbox().create(std::move(request)));
}

void SandboxBench::begin_create(const std::string& id, const std::shared_ptr<Outcome>& outcome) {
  sandbox::CreateRequest request;
  request.id = id;
  request.bundle = make_bundle(id);
  asio::co_spawn(io, sandbox().create(std::move(request)), Keep{outcome});
  io.poll();
}

Outcome SandboxBench::start(const std::string& id, const std::string& exec_id) {
  return run(sandbox().start(id, exec_id));
}

Outcome SandboxBench::exec(const std::string& id, const std::string& exec_id) {
  sandbox::ExecRequest request;
  request.container_id = id;
  request.exec_id = exec_id;
  request.process.add_args("sh");
  request.process.set_cwd("/");
  sandbox().add_exec(std::move(request));
  return start(id, exec_id);
}

Outcome SandboxBench::update(std::int64_t memory_limit) {
  grpc::LinuxResources resources;
  resources.mutable_memory()->set_limit(memory_limit);
  return run(sandbox().update("c1", std::move(resources)));
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

std::size_t resident_memory() { return status_field("VmRSS"); }

std::size_t peak_memory() { return status_field("VmHWM"); }

}  // namespace kata::test
