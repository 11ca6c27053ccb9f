// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/exec.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/scope_exit.h"
#include "runtime/cli/console.h"
#include "runtime/cli/create_container.h"
#include "runtime/cli/failure.h"
#include "runtime/cli/foreground.h"
#include "runtime/cli/handoff.h"
#include "runtime/cli/interrupt.h"
#include "runtime/cli/shim_process.h"
#include "runtime/cli/status.h"
#include "runtime/oci/bundle.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

std::uint32_t id_number(std::string_view text, std::string_view option) {
  std::uint32_t number = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (err != std::errc() || end != text.data() + text.size()) {
    throw_error(Code::invalid_argument, "{}: \"{}\" is not a number", option, text);
  }
  return number;
}

void set_user(const ExecOptions& options, grpc::User& user) {
  if (!options.user.empty()) {
    const std::string_view text = options.user;
    const std::size_t colon = text.find(':');
    user.set_uid(id_number(text.substr(0, colon), "--user"));
    if (colon != std::string_view::npos) user.set_gid(id_number(text.substr(colon + 1), "--user"));
    user.clear_username();
  }
  for (const std::string& gid : options.additional_gids) {
    user.add_additional_gids(id_number(gid, "--additional-gids"));
  }
}

/// As runc: into every set but the inheritable and ambient ones, which would make programs inherit
/// them.
void add_capability(const std::string& name, grpc::LinuxCapabilities& capabilities) {
  capabilities.add_bounding(name);
  capabilities.add_effective(name);
  capabilities.add_permitted(name);
}

grpc::Process read_process(const ExecOptions& options, const ContainerRecord& record) {
  grpc::Process process =
      options.process.empty()
          ? process_from_options(options, oci::load_bundle(record.bundle).spec.process())
          : oci::parse_process(read_file(options.process), options.process);
  oci::validate_process(process);
  return process;
}

/// `text` is runc's [CONTROLLERS:]PATH, a folder below the container's cgroup.
void check_sub_cgroup(std::string_view text) {
  const std::string_view path = text.substr(text.find(':') + 1);  // npos + 1 is 0
  if (path.empty() || path == "/" || path == ".") return;
  throw_error(Code::invalid_argument,
              "--cgroup {}: a process joins the container's cgroup, not one below it", text);
}

void check_is_running(const ExecOptions& options, const ContainerRecord& record) {
  switch (query_status(record).status) {
    case oci::Status::stopped:
      throw_error(Code::failed_precondition, "cannot exec in a stopped container");
    case oci::Status::paused:
      if (options.ignore_paused) return;
      throw_error(Code::failed_precondition, "cannot exec in a paused container; resume it first");
    default:
      return;
  }
}

struct StartedExec {
  Relay relay;
  UniqueFd master;
};

StartedExec start_exec(const ExecOptions& options, const ContainerRecord& record,
                       const grpc::Process& process) {
  const Interrupt interrupt;
  sys::Terminal terminal;
  if (process.terminal()) {
    terminal = make_console(
        {.rows = process.console_size().height(), .columns = process.console_size().width()});
  }
  const ProcessName name{record.id, "exec-" + random_hex(8)};
  StartedExec started;
  started.relay = start_relay({.process = name,
                               .sandbox_dir = record.sandbox_dir,
                               .args = {process.args().begin(), process.args().end()},
                               .terminal = terminal.slave.get(),
                               .namespaces = {},
                               .bundle = ""});
  const std::array<int, 3> stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  const std::array<int, 1> slave = {terminal.slave.get()};
  const std::string token = process.terminal() ? hand_over(record.sandbox_dir, slave, interrupt)
                                               : hand_over(record.sandbox_dir, stdio, interrupt);
  ShimClient shim = connect_running(record);
  UndoStack undo;
  shim.exec(name, process.terminal(), token, oci::process_json(process));
  undo.push([&] { ShimClient(record.sandbox_dir).remove(name); });
  undo.push([&] { ShimClient(record.sandbox_dir).kill(name, SIGKILL, false); });
  shim.attach_relay(name, started.relay.pid());
  shim.end_calls_on(interrupt);
  shim.start(name);
  if (!options.console_socket.empty()) {
    send_console(options.console_socket, terminal.master.get());
  } else {
    started.master = std::move(terminal.master);
  }
  started.relay.release();
  write_pid_file(options.pid_file, started.relay.pid());
  undo.dismiss();
  return started;
}

StartedExec prepare_and_start(const ExecOptions& options, Runtime& runtime) {
  check_sub_cgroup(options.cgroup);
  warn_of_kept_descriptors(options.preserve_fds);
  const ContainerRecord record = runtime.store.get(options.id);
  check_is_running(options, record);
  const grpc::Process process = read_process(options, record);
  check_console(process.terminal(), options.console_socket,
                !options.detach && options.console_socket.empty());
  return with_shim_log(record.sandbox_dir, [&] { return start_exec(options, record, process); });
}

}  // namespace

void add_exec(CommandLine& line) {
  const auto o = std::make_shared<ExecOptions>();
  Verb verb = line.verb("exec", "Run another process in a container");
  verb.value("-p,--process", o->process, "File of an OCI process object")
      .flag("-t,--tty", o->tty, "Give it a terminal")
      .value("-u,--user", o->user, "UID[:GID]")
      .value("--cwd", o->cwd, "Working folder")
      .values("-e,--env", o->env, "NAME=VALUE")
      .values("-c,--cap", o->capabilities, "One more capability")
      .values("-g,--additional-gids", o->additional_gids, "One more group")
      .flag("-d,--detach", o->detach, "Do not wait for its end")
      .value("--pid-file", o->pid_file, "File for the pid that stands for the process")
      .value("--console-socket", o->console_socket, "Socket that gets the pty's master")
      .flag("--no-new-privs", o->no_new_privs, "Set no_new_privs")
      .value("--apparmor", o->apparmor, "AppArmor profile")
      .value("--process-label", o->process_label, "SELinux label")
      .number("--preserve-fds", o->preserve_fds, "Accepted; descriptors stay on the host")
      .value("--cgroup", o->cgroup, "Accepted when it is the container's own, /")
      .flag("--ignore-paused", o->ignore_paused, "Accepted; it is an error all the same")
      .id(o->id)
      .tail(o->args, "COMMAND [ARGUMENT...] follow the id.");
  verb.run([o](Runtime& runtime) { return run_exec(*o, runtime); });
}

grpc::Process process_from_options(const ExecOptions& options,
                                   const grpc::Process& container_process) {
  if (options.args.empty()) {
    throw_error(Code::invalid_argument,
                "exec: no command behind the container's id, and no --process");
  }
  grpc::Process process = container_process;
  process.clear_args();
  for (const std::string& arg : options.args) process.add_args(arg);
  process.set_terminal(options.tty);
  process.clear_console_size();
  if (!options.cwd.empty()) process.set_cwd(options.cwd);
  for (const std::string& variable : options.env) process.add_env(variable);
  for (const std::string& name : options.capabilities) {
    add_capability(name, *process.mutable_capabilities());
  }
  set_user(options, *process.mutable_user());
  if (options.no_new_privs) process.set_no_new_privileges(true);
  if (!options.apparmor.empty()) process.set_apparmor_profile(options.apparmor);
  if (!options.process_label.empty()) process.set_selinux_label(options.process_label);
  return process;
}

int run_exec(const ExecOptions& options, Runtime& runtime) {
  StartedExec started;
  try {
    started = prepare_and_start(options, runtime);
  } catch (const Error& error) {
    // The sandbox process's text goes through as it is: dockerd makes 126 and 127 of it.
    const std::string text = error.what();
    report_failure(runtime.globals,
                   text.starts_with("exec failed") ? text : "exec failed: " + text);
    return kExecFailed;
  }
  if (options.detach) {
    started.relay.child().detach();
    return 0;
  }
  const RawTerminal raw(started.master ? STDIN_FILENO : -1);
  return follow(started.relay.child(), started.master.get());
}

}  // namespace kata::cli
