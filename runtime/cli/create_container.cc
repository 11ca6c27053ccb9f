// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/create_container.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"
#include "runtime/cli/cleanup.h"
#include "runtime/cli/console.h"
#include "runtime/cli/earlier_pod.h"
#include "runtime/cli/handoff.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/sandbox_place.h"
#include "runtime/cli/shim_process.h"
#include "runtime/cli/status.h"
#include "runtime/network/network_namespace.h"
#include "runtime/oci/bundle.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

constexpr std::string_view kNoHostNetwork =
    "the host's network cannot be shared with a virtual machine: its interfaces, addresses and "
    "ports would "
    "be changed under every other program; use a bridge or user network, or publish ports (-p)";

ContainerRecord new_record(const CreateOptions& options, const oci::Bundle& bundle,
                           const oci::PodPlace& place, const ContainerStore& store) {
  ContainerRecord record;
  record.id = options.id;
  record.bundle = bundle.path;
  record.rootfs = bundle.rootfs;
  record.annotations = {bundle.spec.annotations().begin(), bundle.spec.annotations().end()};
  record.created = timestamp_now();
  record.owner = ::getuid() == 0 ? "root" : std::to_string(::getuid());
  record.sandbox_id = place.sandbox_id;
  record.sandbox_dir = store.folder(place.sandbox_id);
  record.cgroups_path = bundle.spec.linux().cgroups_path();
  record.sandbox_cgroups_path = record.cgroups_path;
  record.terminal = bundle.spec.process().terminal();
  return record;
}

/// What a container that joins a pod has from those that are in it.
void join_pod(ContainerRecord& record, const ContainerStore& store) {
  std::optional<ContainerRecord> member = store.find(record.sandbox_id);
  if (!member) {  // the first one may be gone already
    const std::vector<std::string> others = sharers(store, record.id, record.sandbox_dir);
    if (!others.empty()) member = store.find(others.front());
  }
  if (!member || !is_alive(member->shim)) {
    throw_error(Code::failed_precondition, "sandbox {} of container {} {}", record.sandbox_id,
                record.id, member ? "has ended" : "does not exist");
  }
  record.shim = member->shim;
  record.sandbox_cgroups_path = member->sandbox_cgroups_path;
}

/// A container may have ended before others that went into its machine, which then is still at work
/// in its folder.
void check_not_in_use(const std::string& id, const ContainerStore& store) {
  if (!store.is_reserved(id) || store.find(id)) return;
  const std::vector<std::string> others = sharers(store, id, store.folder(id));
  if (others.empty()) return;
  throw_error(
      Code::failed_precondition,
      "container {} cannot be made again while another, {}, is in its virtual machine: stop "
      "that one first",
      id, others.front());
}

sys::Terminal open_terminal_for(const grpc::Process& process) {
  if (!process.terminal()) return {UniqueFd(), UniqueFd()};
  return make_console(
      {.rows = process.console_size().height(), .columns = process.console_size().width()});
}

Relay relay_for(const grpc::Spec& spec, const ContainerRecord& record, int terminal) {
  std::vector<std::string> args(spec.process().args().begin(), spec.process().args().end());
  if (args.empty()) args.push_back(record.id);  // a container without a process
  return start_relay({.process = {record.id, ""},
                      .sandbox_dir = record.sandbox_dir,
                      .args = std::move(args),
                      .terminal = terminal,
                      .namespaces = relay_namespaces(spec),
                      .bundle = record.bundle});
}

void ask_for_container(const ContainerRecord& record, int slave, const Interrupt& interrupt) {
  const std::array<int, 3> stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  const std::array<int, 1> terminal = {slave};
  const std::string token = record.terminal ? hand_over(record.sandbox_dir, terminal, interrupt)
                                            : hand_over(record.sandbox_dir, stdio, interrupt);
  ShimClient shim(record.sandbox_dir);
  shim.end_calls_on(interrupt);
  shim.attach_relay({record.id, ""}, record.relay.pid);
  shim.create(record.id, record.bundle, record.terminal, token);
}

/// What `create` needs to know before it changes anything.
oci::Bundle load_valid_bundle(const CreateOptions& options) {
  check_container_id(options.id);
  oci::Bundle bundle = oci::load_bundle(options.bundle);
  in_context([&] { oci::validate_spec(bundle.spec); }, "{}/config.json", bundle.path);
  check_console(bundle.spec.process().terminal(), options.console_socket, options.foreground);
  check_network(bundle.spec);
  warn_of_kept_descriptors(options.preserve_fds);
  for (const char* variable : {"LISTEN_FDS", "NOTIFY_SOCKET"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    log::warn("systemd's sockets are not passed into a virtual machine variable={} value={}",
              variable, value);
  }
  return bundle;
}

}  // namespace

void write_pid_file(const std::string& path, pid_t pid) {
  if (!path.empty()) write_file_atomic(path, std::to_string(pid), 0644);
}

void warn_of_kept_descriptors(const std::optional<std::int64_t>& preserve_fds) {
  if (preserve_fds.value_or(0) == 0) return;
  log::warn("descriptors cannot be passed into a virtual machine preserve_fds={}", *preserve_fds);
}

void check_console(bool terminal, const std::string& console_socket, bool foreground) {
  if (terminal && console_socket.empty() && !foreground) {
    throw_error(Code::invalid_argument,
                "cannot allocate tty if kata-runtime will detach without setting console socket");
  }
  if (!console_socket.empty() && (!terminal || foreground)) {
    throw_error(Code::invalid_argument,
                "cannot use console socket if kata-runtime will not detach or allocate tty");
  }
}

void check_network(const grpc::Spec& spec) {
  const grpc::LinuxNamespace* network = oci::find_namespace(spec, "network");
  if (network == nullptr) {
    throw_error(Code::failed_precondition, "config.json has no network namespace (--net=host): {}",
                kNoHostNetwork);
  }
  if (network->path().empty()) return;
  if (!path_exists(network->path())) {
    throw_error(Code::not_found,
                "network namespace {} is gone: the engine, or the container whose network is to be "
                "shared, has removed it",
                network->path());
  }
  if (network::is_host_namespace(network->path())) {
    throw_error(Code::failed_precondition, "network namespace {} is the host's (--net=host): {}",
                network->path(), kNoHostNetwork);
  }
}

CreatedContainer create_container(const CreateOptions& options, Runtime& runtime) {
  const oci::Bundle bundle = load_valid_bundle(options);
  const oci::PodPlace place = sandbox_place(bundle.spec, options.id, runtime.store);
  const bool joins_pod = place.type == oci::ContainerType::pod_container;
  in_context([&] { oci::check_namespace_paths(bundle.spec, joins_pod); }, "{}/config.json",
             bundle.path);
  const Interrupt interrupt;
  ContainerStore& store = runtime.store;

  CreatedContainer created;
  ContainerRecord& record = created.record;
  record = new_record(options, bundle, place, store);
  if (joins_pod)
    join_pod(record, store);
  else
    end_earlier_pod(store, options.id);
  check_not_in_use(options.id, store);

  store.reserve(options.id);
  ChildProcess shim;
  UndoStack undo;
  undo.push([&] { clean_up(store, record); });
  undo.push([&] {
    // The sandbox process of a pod goes on; it must only forget this container.
    if (joins_pod) ShimClient(record.sandbox_dir).remove({record.id, ""});
  });
  if (!joins_pod) {
    shim = start_shim({.sandbox_id = place.sandbox_id,
                       .folder = record.sandbox_dir,
                       .config = runtime.globals.config,
                       .debug = runtime.globals.debug});
    record.shim = identify(shim.pid());
  }
  sys::Terminal terminal = open_terminal_for(bundle.spec.process());
  created.relay = relay_for(bundle.spec, record, terminal.slave.get());
  record.relay = identify(created.relay.pid());
  store.save(record);  // from here on `delete --force` knows whom to end

  with_shim_log(record.sandbox_dir,
                [&] { ask_for_container(record, terminal.slave.get(), interrupt); });
  interrupt.check();
  if (!options.console_socket.empty()) {
    send_console(options.console_socket, terminal.master.get());
  } else {
    created.master = std::move(terminal.master);
  }
  record.complete = true;
  store.save(record);
  created.relay.release();
  write_pid_file(options.pid_file, record.relay.pid);
  undo.dismiss();
  shim.detach();
  return created;
}

}  // namespace kata::cli
