// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/namespace_type.h"
#include "runtime/base/scheduling_names.h"
#include "runtime/oci/spec.h"

namespace kata::oci {
namespace {

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

/// Neither a path nor an argument of a system call can carry a zero byte, which JSON can
/// ("\u0000").
void check_no_zero_byte(std::string_view value, std::string_view field) {
  if (value.find('\0') != std::string_view::npos) {
    throw_error(Code::invalid_argument, "{} contains a zero byte", field);
  }
}

void check_version(const std::string& version) {
  int major = -1;
  const char* end = version.data() + version.size();
  const auto [dot, err] = std::from_chars(version.data(), end, major);
  if (version.empty()) throw_error(Code::invalid_argument, "ociVersion is missing");
  if (err != std::errc() || dot == end || *dot != '.') {
    throw_error(Code::invalid_argument, "ociVersion: \"{}\" is not a version such as \"{}\"",
                version, kSpecVersion);
  }
  if (major != 1) {
    throw_error(Code::invalid_argument, "ociVersion: {} is not supported, only 1.x is", version);
  }
}

void check_namespaces(const grpc::Spec& spec) {
  std::set<std::string_view> seen;
  for (const grpc::LinuxNamespace& ns : spec.linux().namespaces()) {
    if (namespace_type(ns.type()) == nullptr) {
      throw_error(Code::invalid_argument, "linux.namespaces: unknown type \"{}\"", ns.type());
    }
    if (!seen.insert(ns.type()).second) {
      throw_error(Code::invalid_argument, "linux.namespaces: \"{}\" is there twice", ns.type());
    }
    if (!ns.path().empty() && !is_absolute(ns.path())) {
      throw_error(Code::invalid_argument, "linux.namespaces: path of \"{}\" is not absolute: {}",
                  ns.type(), ns.path());
    }
  }
}

void check_mounts(const grpc::Spec& spec) {
  int index = 0;
  for (const grpc::Mount& mount : spec.mounts()) {
    if (!is_absolute(mount.destination())) {
      throw_error(Code::invalid_argument, "mounts[{}].destination is not an absolute path: \"{}\"",
                  index, mount.destination());
    }
    check_no_zero_byte(mount.destination(), fmt::format("mounts[{}].destination", index));
    check_no_zero_byte(mount.source(), fmt::format("mounts[{}].source", index));
    ++index;
  }
}

void check_devices(const grpc::Spec& spec) {
  int index = 0;
  for (const grpc::LinuxDevice& device : spec.linux().devices()) {
    if (!is_absolute(device.path())) {
      throw_error(Code::invalid_argument, "linux.devices[{}].path is not an absolute path: \"{}\"",
                  index, device.path());
    }
    if (device.type() != "c" && device.type() != "b" && device.type() != "u" &&
        device.type() != "p") {
      throw_error(Code::invalid_argument, "linux.devices[{}].type: \"{}\" is none of c, b, u, p",
                  index, device.type());
    }
    ++index;
  }
}

void check_hooks(const google::protobuf::RepeatedPtrField<grpc::Hook>& hooks,
                 std::string_view kind) {
  for (const grpc::Hook& hook : hooks) {
    if (!is_absolute(hook.path())) {
      throw_error(Code::invalid_argument, "hooks.{}: path is not absolute: \"{}\"", kind,
                  hook.path());
    }
    if (hook.timeout() < 0) {
      throw_error(Code::invalid_argument, "hooks.{}: timeout of {} is negative", kind, hook.path());
    }
  }
}

void check_scheduling(const grpc::Process& process) {
  if (process.has_scheduler()) {
    const grpc::LinuxScheduler& scheduler = process.scheduler();
    if (!number_of(kSchedulerPolicies, scheduler.policy()))
      throw_error(Code::invalid_argument, "process.scheduler: unknown policy \"{}\"",
                  scheduler.policy());
    for (const std::string& flag : scheduler.flags()) {
      if (!number_of(kSchedulerFlags, flag))
        throw_error(Code::invalid_argument, "process.scheduler: unknown flag \"{}\"", flag);
    }
  }
  if (!process.has_io_priority()) return;
  if (!number_of(kIoPriorityClasses, process.io_priority().class_()))
    throw_error(Code::invalid_argument, "process.ioPriority: unknown class \"{}\"",
                process.io_priority().class_());
  constexpr std::uint32_t kLowest = 7;
  if (process.io_priority().priority() > kLowest)
    throw_error(Code::invalid_argument, "process.ioPriority: priority {} is not between 0 and {}",
                process.io_priority().priority(), kLowest);
}

void check_time_offsets(const grpc::Spec& spec) {
  if (spec.linux().time_offsets().empty()) return;
  const grpc::LinuxNamespace* space = find_namespace(spec, "time");
  if (space == nullptr || !space->path().empty())
    throw_error(Code::invalid_argument,
                "linux.timeOffsets: they need a new time namespace in linux.namespaces");
  constexpr std::uint32_t kSecond = 1000000000;
  for (const auto& [clock, offset] : spec.linux().time_offsets()) {
    if (offset.nanosecs() >= kSecond)
      throw_error(Code::invalid_argument, "linux.timeOffsets.{}: {} nanosecs are a second or more",
                  clock, offset.nanosecs());
  }
}

}  // namespace

void validate_process(const grpc::Process& process) {
  if (process.args_size() == 0 || process.args(0).empty()) {
    throw_error(Code::invalid_argument, "process.args is empty: there is no program to run");
  }
  for (const std::string& arg : process.args()) check_no_zero_byte(arg, "process.args");
  if (process.cwd().empty()) throw_error(Code::invalid_argument, "process.cwd is missing");
  if (!is_absolute(process.cwd())) {
    throw_error(Code::invalid_argument, "process.cwd is not an absolute path: \"{}\"",
                process.cwd());
  }
  for (const std::string& variable : process.env()) {
    check_no_zero_byte(variable, "process.env");
    if (variable.find('=') == std::string::npos || variable.starts_with('=')) {
      throw_error(Code::invalid_argument, "process.env: \"{}\" is not NAME=VALUE", variable);
    }
  }
  std::set<std::string_view> seen;
  for (const grpc::POSIXRlimit& limit : process.rlimits()) {
    if (!limit.type().starts_with("RLIMIT_")) {
      throw_error(Code::invalid_argument, "process.rlimits: unknown type \"{}\"", limit.type());
    }
    if (!seen.insert(limit.type()).second) {
      throw_error(Code::invalid_argument, "process.rlimits: {} is there twice", limit.type());
    }
    if (limit.soft() > limit.hard()) {
      throw_error(Code::invalid_argument,
                  "process.rlimits: {}: soft limit {} is above the hard one {}", limit.type(),
                  limit.soft(), limit.hard());
    }
  }
  check_scheduling(process);
}

void validate_spec(const grpc::Spec& spec) {
  check_version(spec.version());
  if (spec.has_process()) validate_process(spec.process());  // `start` needs one, `create` does not
  if (spec.root().path().empty()) throw_error(Code::invalid_argument, "root.path is missing");
  check_no_zero_byte(spec.root().path(), "root.path");
  if (!spec.has_linux()) {
    throw_error(Code::invalid_argument, "linux is missing: only Linux containers can be run");
  }
  check_mounts(spec);
  check_namespaces(spec);
  check_devices(spec);
  check_time_offsets(spec);
  check_hooks(spec.hooks().prestart(), "prestart");
  check_hooks(spec.hooks().create_runtime(), "createRuntime");
  // A program of the host, to be run in the container's namespaces, which are in the guest.
  if (!spec.hooks().create_container().empty()) {
    throw_error(Code::unimplemented,
                "hooks.createContainer: {}: programs of the host cannot run in a virtual machine; "
                "use createRuntime or startContainer",
                spec.hooks().create_container(0).path());
  }
  check_hooks(spec.hooks().start_container(), "startContainer");
  check_hooks(spec.hooks().poststart(), "poststart");
  check_hooks(spec.hooks().poststop(), "poststop");
}

const grpc::LinuxNamespace* find_namespace(const grpc::Spec& spec, std::string_view type) {
  for (const grpc::LinuxNamespace& ns : spec.linux().namespaces()) {
    if (ns.type() == type) return &ns;
  }
  return nullptr;
}

}  // namespace kata::oci
