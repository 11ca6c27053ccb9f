// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_vm.h"

#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <optional>
#include <random>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/sys_process.h"
#include "runtime/hypervisor/kernel_preload.h"
#include "runtime/hypervisor/process_output.h"
#include "runtime/hypervisor/qemu_command_line.h"
#include "runtime/hypervisor/qemu_hotplug.h"
#include "runtime/hypervisor/qmp_client.h"
#include "runtime/hypervisor/virtiofsd.h"

namespace kata::hypervisor {
namespace {

// VHOST_VSOCK_SET_GUEST_CID of <linux/vhost.h>, a header that C++ compilers refuse.
constexpr unsigned long kSetGuestCid = _IOW(0xAF, 0x60, std::uint64_t);
/// Holds what one answer brings at most (see the agent's kMaxTransfer), so that a processor of the
/// guest, which under emulation writes it itself, need not wait for its reader.
constexpr int kAgentSendBuffer = 1 << 20;
constexpr auto kVsockRetry = std::chrono::milliseconds(10);

/// Opens vhost-vsock and gives the machine a free context id. Throws Error.
UniqueFd open_vhost_vsock(std::uint32_t& cid) {
  UniqueFd fd = open_file("/dev/vhost-vsock", O_RDWR);
  std::random_device random;
  for (int i = 0; i < 64; ++i) {
    // 0 to 2 are the hypervisor, loopback and the host. See vsock(7).
    std::uint64_t wanted = 3 + (random() % 0x7ffffff0U);
    if (::ioctl(fd.get(), kSetGuestCid, &wanted) == 0) {
      cid = static_cast<std::uint32_t>(wanted);
      return fd;
    }
    const int err = errno;
    if (err != EADDRINUSE) throw_errno(err, "set a vsock context id");
  }
  throw_error(Code::resource_exhausted, "no vsock context id is free");
}

/// A device that reaches into the guest's memory pins all of it, which counts as locked memory; see
/// getrlimit(2). Root need not be allowed to.
void lock_no_bound(pid_t pid) {
  ignore_error([&] { sys::set_limit(pid, RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY); },
               "QEMU says when it is too little");
}

/// What the coroutines of one machine share; they keep it alive past the object that the caller
/// holds.
struct Machinery : std::enable_shared_from_this<Machinery> {
  Machinery(asio::io_context& its_io, VmConfig its_config, QemuVmHooks its_hooks)
      : io(its_io), config(std::move(its_config)), hooks(std::move(its_hooks)), ended(its_io) {
    ended.expires_at(asio::steady_timer::time_point::max());
  }

  asio::io_context& io;
  VmConfig config;
  QemuVmHooks hooks;
  ChildProcess qemu;
  ChildProcess virtiofsd;
  UniqueFd agent;
  std::unique_ptr<QmpClient> qmp;
  std::optional<QemuHotplug> hotplug;
  std::shared_ptr<ProcessOutput> console;
  std::shared_ptr<ProcessOutput> words;  ///< QEMU's own
  std::shared_ptr<ProcessOutput> virtiofsd_words;
  asio::steady_timer ended;  ///< cancelled when QEMU has ended
  std::optional<int> status;
  bool lost_virtiofsd = false;  ///< it ended first, and the machine was ended for that
  bool writes_disks = false;    ///< QEMU may hold what belongs on a disk

  void start_helpers(Channels& channels, std::vector<UniqueFd>& keep);
  void start_qemu();
  asio::awaitable<void> watch_qemu(UniqueFd pidfd);
  asio::awaitable<void> watch_virtiofsd(UniqueFd pidfd);
  void release() noexcept;
};

void Machinery::start_helpers(Channels& channels, std::vector<UniqueFd>& keep) {
  if (config.shared.kind == SharedFs::virtio_fs) {
    Virtiofsd daemon = start_virtiofsd(config.shared);
    virtiofsd = std::move(daemon.process);
    virtiofsd_words =
        ProcessOutput::start(io.get_executor(), std::move(daemon.log),
                             [](std::string_view line) { log::debug("virtiofsd: {}", line); });
    channels.virtiofs = daemon.client.get();
    keep.push_back(std::move(daemon.client));
  }
  if (!config.debug_console.empty()) {
    keep.push_back(listen_unix(config.debug_console, SOCK_STREAM, 1));
    channels.debug_console = keep.back().get();
  }
  if (config.vsock) {
    keep.push_back(open_vhost_vsock(config.vsock_cid));
    channels.vhost_vsock = keep.back().get();
  }
}

void Machinery::start_qemu() {
  Channels channels;
  std::vector<UniqueFd> keep;  // QEMU's ends, until it has them
  start_helpers(channels, keep);
  const auto channel = [&](int& number) {
    auto [mine, its] = make_socket_pair(SOCK_STREAM);
    number = its.get();
    keep.push_back(std::move(its));
    return std::move(mine);
  };
  UniqueFd qmp_socket = channel(channels.qmp);
  UniqueFd console_socket = channel(channels.console);
  if (!config.vsock) {
    agent = channel(channels.agent);
    set_send_buffer(channels.agent, kAgentSendBuffer);
  }
  Pipe output = make_pipe();
  std::optional<PreloadedKernel> kernel;
  // Elsewhere QEMU has to make the memory itself.
  if (config.shared.kind == SharedFs::virtio_fs && !config.huge_pages && !config.preallocate)
    kernel = preload_kernel(config.kernel, std::uint64_t{config.memory_mib} << 20);
  if (kernel) {
    channels.memory = kernel->memory.get();
    channels.kernel_entry = kernel->entry.get();
  }

  QemuCommandLine line = build_command_line(config, channels);
  Command command;
  command.argv = std::move(line.argv);
  command.fds = {{1, output.write.get()}, {2, output.write.get()}};
  command.fds.insert(command.fds.end(), line.fds.begin(), line.fds.end());
  if (!config.pci_devices.empty()) {
    command.before_exec = [] {
      constexpr rlimit kNone{RLIM_INFINITY, RLIM_INFINITY};
      ::setrlimit(RLIMIT_MEMLOCK, &kNone);  // see lock_no_bound()
      return 0;
    };
  }
  log::debug("starting machine command=\"{}\"", printable(command));
  qemu = spawn(command);
  if (hooks.place) {
    hooks.place(qemu.pid());
    if (virtiofsd) hooks.place(virtiofsd.pid());
  }
  writes_disks = std::any_of(config.disks.begin(), config.disks.end(),
                             [](const BlockDevice& disk) { return !disk.read_only; });
  // The devices' descriptors are QEMU's now.
  config.networks.clear();

  const auto executor = io.get_executor();
  console = ProcessOutput::start(executor, std::move(console_socket), hooks.on_console_line);
  words = ProcessOutput::start(executor, std::move(output.read),
                               [](std::string_view text) { log::debug("qemu: {}", text); });
  qmp =
      std::make_unique<QmpClient>(executor, make_socket_transport(executor, std::move(qmp_socket)));
  hotplug.emplace(*qmp, config);
  asio::co_spawn(io, qmp->run(), asio::detached);
  asio::co_spawn(
      io,
      [self = shared_from_this(), fd = ::fcntl(qemu.pidfd(), F_DUPFD_CLOEXEC, 0)]()
          -> asio::awaitable<void> { return self->watch_qemu(UniqueFd(fd)); },
      asio::detached);
  if (!virtiofsd) return;
  asio::co_spawn(
      io,
      [self = shared_from_this(), fd = ::fcntl(virtiofsd.pidfd(), F_DUPFD_CLOEXEC, 0)]()
          -> asio::awaitable<void> { return self->watch_virtiofsd(UniqueFd(fd)); },
      asio::detached);
}

/// Without it every access to a file waits in the guest for ever.
asio::awaitable<void> Machinery::watch_virtiofsd(UniqueFd pidfd) {
  const auto self = shared_from_this();
  asio::posix::stream_descriptor watched(io, pidfd.release());
  asio::error_code failed;
  co_await watched.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, failed));
  // It ends with QEMU too, whose end is then about to be seen.
  asio::steady_timer grace(io, std::chrono::milliseconds(200));
  co_await grace.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  if (!qemu || !virtiofsd) co_return;
  log::error("virtiofsd has ended, and with it the machine's files pid={}", virtiofsd.pid());
  lost_virtiofsd = true;
  ::kill(qemu.pid(), SIGKILL);
}

asio::awaitable<void> Machinery::watch_qemu(UniqueFd pidfd) {
  const auto self = shared_from_this();
  asio::posix::stream_descriptor watched(io, pidfd.release());
  asio::error_code failed;
  co_await watched.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, failed));
  if (!qemu) co_return;
  const pid_t pid = qemu.pid();
  status = qemu.wait();
  words->drain();
  console->drain();
  if (virtiofsd_words) virtiofsd_words->drain();
  log::info("machine ended pid={} status={}", pid, *status);
  release();
}

/// Ends what is left; every step is harmless when done before.
void Machinery::release() noexcept {
  qemu = ChildProcess();
  virtiofsd = ChildProcess();
  if (!status) status = 128 + SIGKILL;
  if (qmp) qmp->close();
  for (const auto& output : {console, words, virtiofsd_words}) {
    if (output) output->close();
  }
  ended.cancel();
}

class QemuVm final : public Vm {
 public:
  QemuVm(asio::io_context& io, VmConfig config, QemuVmHooks hooks)
      : machine_(std::make_shared<Machinery>(io, std::move(config), std::move(hooks))) {}
  ~QemuVm() override { machine_->release(); }

  asio::awaitable<void> start() override {
    in_context([&] { machine_->start_qemu(); }, "start the virtual machine {}",
               machine_->config.id);
    co_return;
  }

  asio::awaitable<UniqueFd> connect_agent(std::chrono::milliseconds deadline) override {
    if (!machine_->config.vsock) co_return std::move(machine_->agent);
    co_return co_await connect_vsock(machine_, deadline);
  }

  asio::awaitable<int> wait_exit() override { return wait_exit_of(machine_); }
  asio::awaitable<void> stop(std::chrono::milliseconds grace) override {
    return stop_machine(machine_, grace);
  }
  asio::awaitable<void> pause() override { co_await running().qmp->execute("stop"); }
  asio::awaitable<void> resume() override { co_await running().qmp->execute("cont"); }

  asio::awaitable<std::uint32_t> grow_vcpus(std::uint32_t count) override {
    return running().hotplug->grow_vcpus(count);
  }
  asio::awaitable<GrownMemory> grow_memory(std::uint32_t mib) override {
    return running().hotplug->grow_memory(mib);
  }
  asio::awaitable<void> add_network(NetworkDevice device) override {
    return running().hotplug->add_network(std::move(device));
  }
  asio::awaitable<void> remove_network(const std::string& id) override {
    return running().hotplug->remove_network(id);
  }
  asio::awaitable<void> add_block(BlockDevice device) override {
    machine_->writes_disks = machine_->writes_disks || !device.read_only;
    return running().hotplug->add_block(std::move(device));
  }
  asio::awaitable<void> remove_block(const std::string& id) override {
    return running().hotplug->remove_block(id);
  }

  asio::awaitable<void> add_pci(PciDevice device) override {
    lock_no_bound(running().qemu.pid());
    return running().hotplug->add_pci(std::move(device));
  }
  asio::awaitable<void> remove_pci(const std::string& id) override {
    return running().hotplug->remove_pci(id);
  }
  asio::awaitable<std::string> pci_path(const std::string& id) override {
    return running().hotplug->pci_path(id);
  }

  [[nodiscard]] pid_t pid() const noexcept override {
    return machine_->qemu ? machine_->qemu.pid() : 0;
  }
  [[nodiscard]] std::vector<pid_t> helper_pids() const override {
    if (!machine_->virtiofsd) return {};
    return {machine_->virtiofsd.pid()};
  }
  [[nodiscard]] std::string end_reason() const override;
  [[nodiscard]] std::string console_tail() const override {
    return machine_->console ? machine_->console->tail() : std::string();
  }

 private:
  Machinery& running() {
    if (!machine_->qemu) throw_error(Code::failed_precondition, "the virtual machine does not run");
    return *machine_;
  }
  static asio::awaitable<int> wait_exit_of(std::shared_ptr<Machinery> machine) {
    asio::error_code ignored;
    while (!machine->status) {
      co_await machine->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return *machine->status;
  }
  static asio::awaitable<void> stop_machine(std::shared_ptr<Machinery> machine,
                                            std::chrono::milliseconds grace);
  static asio::awaitable<UniqueFd> connect_vsock(std::shared_ptr<Machinery> machine,
                                                 std::chrono::milliseconds deadline);

  std::shared_ptr<Machinery> machine_;
};

std::string QemuVm::end_reason() const {
  if (!machine_->status) return {};
  const int status = *machine_->status;
  std::string text = status > 128 ? fmt::format("QEMU was ended by signal {}", status - 128)
                                  : fmt::format("QEMU ended with status {}", status);
  if (machine_->lost_virtiofsd)
    text = "virtiofsd, which serves the container's files, has ended; QEMU was ended for that";
  if (machine_->words && !machine_->words->tail().empty()) text += ": " + machine_->words->tail();
  if (machine_->virtiofsd_words && !machine_->virtiofsd_words->tail().empty()) {
    text += "; virtiofsd: " + machine_->virtiofsd_words->tail();
  }
  return text;
}

asio::awaitable<void> QemuVm::stop_machine(std::shared_ptr<Machinery> machine,
                                           std::chrono::milliseconds grace) {
  if (!machine->qemu) co_return;
  if (!machine->writes_disks) {
    // Files of a shared folder are the host's already. Taking each device apart first is time that
    // an engine waits.
    ::kill(machine->qemu.pid(), SIGKILL);
    co_await wait_exit_of(machine);
    co_return;
  }
  try {
    co_await machine->qmp->execute("quit", Json::object(), grace);
  } catch (const Error& error) {
    log::debug("quit was not answered error=\"{}\"", error.what());
  }
  asio::steady_timer patience(machine->io, grace);
  patience.async_wait([machine](const asio::error_code& cancelled) {
    if (!cancelled) machine->release();
  });
  co_await wait_exit_of(machine);
}

asio::awaitable<UniqueFd> QemuVm::connect_vsock(std::shared_ptr<Machinery> machine,
                                                std::chrono::milliseconds deadline) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = machine->config.vsock_cid;
  address.svm_port = kAgentPort;
  asio::steady_timer timer(machine->io);
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!machine->status && std::chrono::steady_clock::now() < end) {
    UniqueFd fd(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    int err = ::connect(fd.get(), where, sizeof address) == 0 ? 0 : errno;
    if (err == EINPROGRESS) {
      asio::posix::stream_descriptor waiting(machine->io, fd.duplicate().release());
      asio::error_code failed;
      co_await waiting.async_wait(asio::posix::stream_descriptor::wait_write,
                                  asio::redirect_error(asio::use_awaitable, failed));
      socklen_t size = sizeof err;
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &err, &size);
    }
    if (err == 0) co_return fd;
    timer.expires_after(kVsockRetry);
    co_await timer.async_wait(asio::use_awaitable);
  }
  throw_error(machine->status ? Code::unavailable : Code::deadline_exceeded,
              "connect to the agent by vsock, context id {}", machine->config.vsock_cid);
}

}  // namespace

std::unique_ptr<Vm> make_qemu_vm(asio::io_context& io, VmConfig config, QemuVmHooks hooks) {
  return std::make_unique<QemuVm>(io, std::move(config), std::move(hooks));
}

}  // namespace kata::hypervisor
