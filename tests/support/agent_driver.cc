// SPDX-License-Identifier: Apache-2.0
#include "tests/support/agent_driver.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "runtime/base/error.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

void add_mount(grpc::Spec& spec, const char* target, const char* type,
               std::vector<std::string> options) {
  grpc::Mount& mount = *spec.add_mounts();
  mount.set_destination(target);
  mount.set_source(type);
  mount.set_type(type);
  for (std::string& option : options) mount.add_options(std::move(option));
}

}  // namespace

void AgentDriver::create(const std::string& id, const grpc::Spec& spec) {
  grpc::CreateContainerRequest request;
  request.set_container_id(id);
  request.set_exec_id(id);
  *request.mutable_oci() = spec;
  call("CreateContainer", request);
}

void AgentDriver::start(const std::string& id) {
  grpc::StartContainerRequest request;
  request.set_container_id(id);
  call("StartContainer", request);
}

void AgentDriver::exec(const std::string& id, const std::string& exec_id,
                       const grpc::Process& process) {
  grpc::ExecProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  *request.mutable_process() = process;
  call("ExecProcess", request);
}

int AgentDriver::wait(const std::string& id, const std::string& exec_id) {
  grpc::WaitProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  return call<grpc::WaitProcessResponse>("WaitProcess", request).status();
}

std::string AgentDriver::read_output(const std::string& id, const std::string& exec_id,
                                     bool error_output) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_len(1U << 20);
  std::string all;
  for (;;) {
    const auto piece =
        call<grpc::ReadStreamResponse>(error_output ? "ReadStderr" : "ReadStdout", request).data();
    if (piece.empty()) return all;
    all += piece;
  }
}

std::string AgentDriver::read_some(const std::string& id, const std::string& exec_id) {
  grpc::ReadStreamRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_len(1U << 20);
  return call<grpc::ReadStreamResponse>("ReadStdout", request).data();
}

std::size_t AgentDriver::write_input(const std::string& id, const std::string& data) {
  grpc::WriteStreamRequest request;
  request.set_container_id(id);
  request.set_data(data);
  return call<grpc::WriteStreamResponse>("WriteStdin", request).len();
}

void AgentDriver::close_input(const std::string& id) {
  grpc::CloseStdinRequest request;
  request.set_container_id(id);
  call("CloseStdin", request);
}

void AgentDriver::signal(const std::string& id, const std::string& exec_id, int number) {
  grpc::SignalProcessRequest request;
  request.set_container_id(id);
  request.set_exec_id(exec_id);
  request.set_signal(static_cast<std::uint32_t>(number));
  call("SignalProcess", request);
}

void AgentDriver::remove(const std::string& id) {
  grpc::RemoveContainerRequest request;
  request.set_container_id(id);
  request.set_timeout(20);
  call("RemoveContainer", request);
}

BusyboxRootfs::BusyboxRootfs() {
  require_program("busybox");
  for (const char* folder : {"bin", "dev", "proc", "sys", "tmp", "etc"})
    make_directories(path() + "/" + folder);
  std::filesystem::copy_file(*find_program("busybox"), path() + "/bin/busybox");
  for (const char* applet : {"sh", "cat", "echo", "sleep", "true", "false", "ls", "id", "tty",
                             "stty", "head", "ip", "ps"}) {
    std::filesystem::create_symlink("busybox", path() + "/bin/" + applet);
  }
}

grpc::Spec busybox_spec(const std::string& rootfs, const std::vector<std::string>& args) {
  grpc::Spec spec;
  spec.set_version("1.0.2");
  spec.mutable_root()->set_path(rootfs);
  grpc::Process& process = *spec.mutable_process();
  process.set_cwd("/");
  process.add_env("PATH=/bin");
  for (const std::string& arg : args) process.add_args(arg);
  add_mount(spec, "/proc", "proc", {"nosuid", "noexec", "nodev"});
  add_mount(spec, "/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add_mount(spec, "/dev/pts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
  for (const char* type : {"pid", "ipc", "uts", "mount"})
    spec.mutable_linux()->add_namespaces()->set_type(type);
  return spec;
}

LocalAgent::LocalAgent() {
  require_root();
  require_program("unshare");
  const char* agent = std::getenv("KATA_AGENT");
  require(agent != nullptr && ::access(agent, X_OK) == 0, "agent",
          "KATA_AGENT does not name the agent");
  const std::string setup =
      "mount -t tmpfs tmpfs /run && mount -t cgroup2 none /sys/fs/cgroup && ip link set lo up && "
      "exec \"$@\"";
  process_ = spawn({.argv = {"unshare", "--mount", "--pid", "--net", "--fork", "--kill-child",
                             "--mount-proc", "sh", "-c", setup, "sh", agent, "--listen",
                             "unix:" + folder_.path() + "/agent.sock"},
                    .fds = {{2, 2}}});
}

LocalAgent::~LocalAgent() = default;

AgentDriver LocalAgent::connect() const {
  for (int i = 0;; ++i) {
    try {
      return AgentDriver(connect_unix(folder_.path() + "/agent.sock", SOCK_STREAM));
    } catch (const Error&) {
      if (i == 500) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace kata::test
