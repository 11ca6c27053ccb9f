// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/systemd_scope.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <functional>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/base/runtime_folder.h"
#include "runtime/base/text.h"
#include "runtime/sandbox/host_limits.h"
#include "runtime/wire/dbus/connection.h"

namespace kata::sandbox {
namespace {

using wire::dbus::Connection;
using wire::dbus::Message;
using wire::dbus::Reader;
using wire::dbus::Writer;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr unsigned kMostProcessors = 8192;  // CONFIG_NR_CPUS of the largest distribution kernels

Message to_manager(std::string member, std::string signature = {}, std::string body = {}) {
  return {.path = kManagerPath,
          .interface = "org.freedesktop.systemd1.Manager",
          .member = std::move(member),
          .destination = "org.freedesktop.systemd1",
          .signature = std::move(signature),
          .body = std::move(body)};
}

void add_property(Writer& body, std::string_view name, std::string_view type) {
  body.align(8);
  body.string(name);
  body.signature(type);
}

void add_text(Writer& body, std::string_view name, std::string_view value) {
  add_property(body, name, "s");
  body.string(value);
}

void add_bool(Writer& body, std::string_view name, bool value) {
  add_property(body, name, "b");
  body.u32(value ? 1 : 0);
}

/// Only properties that systemd 219 has, Oracle Linux 7's: an unknown one fails the call. Delegate
/// brings the accounts.
Message start_request(const SystemdScope& scope, const std::vector<pid_t>& pids) {
  Writer body;
  body.string(scope.unit);
  body.string("replace");
  const std::size_t properties = body.begin_array(8);
  add_text(body, "Description", "Kata Containers sandbox " + scope.unit);
  add_text(body, "Slice", scope.slice);
  add_bool(body, "Delegate", true);
  // Else it would end at shutdown before the engine that looks after it.
  add_bool(body, "DefaultDependencies", false);
  add_property(body, "PIDs", "au");
  const std::size_t list = body.begin_array(4);
  for (const pid_t pid : pids) body.u32(static_cast<std::uint32_t>(pid));
  body.end_array(list, 4);
  body.end_array(properties, 8);
  const std::size_t auxiliary = body.begin_array(8);  // further units: none
  body.end_array(auxiliary, 8);
  return to_manager("StartTransientUnit", "ssa(sv)a(sa(sv))", body.data());
}

/// Returns the job's path.
std::string ask_to_start(Connection& bus, const SystemdScope& scope,
                         const std::vector<pid_t>& pids) {
  bool exists = false;
  try {
    return Reader(bus.call(start_request(scope, pids)).body).string();
  } catch (const Error& error) {
    if (error.code() != Code::already_exists) throw;
    exists = true;
  }
  // A scope whose last process was killed for want of memory stays as failed.
  Writer name;
  name.string(scope.unit);
  if (exists) bus.call(to_manager("ResetFailedUnit", "s", name.data()));
  return Reader(bus.call(start_request(scope, pids)).body).string();
}

/// JobRemoved has id, job, unit, result: "done" or why not.
void wait_for_job(Connection& bus, const std::string& job) {
  for (;;) {
    const Message signal = bus.next_signal();
    if (signal.member != "JobRemoved") continue;
    Reader body(signal.body);
    body.u32();
    if (body.string() != job) continue;
    body.string();
    const std::string result = body.string();
    if (result == "done") return;
    throw_error(Code::unavailable, "systemd's job ended as \"{}\"; journalctl tells why", result);
  }
}

/// As systemd sees it: by its own hierarchy, or by the one that there is.
std::string cgroup_of(pid_t pid, const std::string& proc) {
  std::string unified;
  for (const std::string& line : split_text(read_file(fmt::format("{}/{}/cgroup", proc, pid)))) {
    if (const auto own = line.find(":name=systemd:"); own != std::string::npos)
      return line.substr(own + 14);
    if (line.starts_with("0::")) unified = line.substr(3);
  }
  if (unified.empty()) throw_error(Code::unavailable, "process {} is in no cgroup", pid);
  return unified;
}

/// "0-2,5" as bits, the lowest byte first; empty when it is no such list.
std::string bits_of(std::string_view list) {
  std::string bits;
  while (!list.empty()) {
    const std::string_view part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    unsigned first = 0;
    const char* end = part.data() + part.size();
    auto read = std::from_chars(part.data(), end, first);
    unsigned last = first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-')
      read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc() || read.ptr != end || last < first || last >= kMostProcessors)
      return {};
    if (bits.size() <= last / 8) bits.resize(last / 8 + 1);
    for (unsigned bit = first; bit <= last; ++bit) {
      const auto byte = static_cast<unsigned char>(bits[bit / 8]);
      bits[bit / 8] = static_cast<char>(byte | (1U << bit % 8));
    }
  }
  return bits;
}

void set_property(Connection& bus, const SystemdScope& scope, std::string_view name,
                  std::string_view type, const std::function<void(Writer&)>& add) {
  Writer body;
  body.string(scope.unit);
  body.u32(1);  // until the next boot: a scope has no file
  const std::size_t properties = body.begin_array(8);
  add_property(body, name, type);
  add(body);
  body.end_array(properties, 8);
  ignore_error([&] { bus.call(to_manager("SetUnitProperties", "sba(sv)", body.data())); },
               "it came with systemd 244; the cgroup has the limit");
}

void set_bits(Connection& bus, const SystemdScope& scope, std::string_view name,
              const std::string& bits) {
  if (bits.empty()) return;
  set_property(bus, scope, name, "ay", [&](Writer& body) {
    const std::size_t begin = body.begin_array(1);
    for (const char byte : bits) body.byte(static_cast<std::uint8_t>(byte));
    body.end_array(begin, 1);
  });
}

}  // namespace

std::optional<std::string> systemd_bus() {
  if (!path_exists("/run/systemd/system")) return std::nullopt;
  std::string path = "/run/dbus/system_bus_socket";
  if (is_rootless()) {
    const char* folder = std::getenv("XDG_RUNTIME_DIR");
    if (folder == nullptr || *folder != '/') return std::nullopt;
    path = join_path(folder, "bus");
  }
  if (!path_exists(path)) return std::nullopt;
  return path;
}

std::string start_scope(const std::string& bus_path, const SystemdScope& scope,
                        const std::vector<pid_t>& pids, const std::string& proc) {
  return in_context(
      [&] {
        Connection bus(bus_path, kPatience);
        Writer rule;
        rule.string(
            "type='signal',sender='org.freedesktop.systemd1',"
            "interface='org.freedesktop.systemd1.Manager',member='JobRemoved'");
        bus.call(wire::dbus::to_bus("AddMatch", "s", rule.data()));
        bus.call(to_manager("Subscribe"));  // without a subscriber it sends no signals
        wait_for_job(bus, ask_to_start(bus, scope, pids));
        return cgroup_of(pids.front(), proc);
      },
      "make the scope {} in {} by systemd", scope.unit, scope.slice);
}

void tell_limits(const std::string& bus_path, const SystemdScope& scope,
                 const grpc::LinuxResources& resources) noexcept {
  ignore_error(
      [&] {
        const std::string cpus = bits_of(resources.cpu().cpus());
        const std::string mems = bits_of(resources.cpu().mems());
        const std::uint64_t weight = resources.block_io().weight();
        if (cpus.empty() && mems.empty() && weight == 0) return;
        Connection bus(bus_path, kPatience);
        set_bits(bus, scope, "AllowedCPUs", cpus);
        set_bits(bus, scope, "AllowedMemoryNodes", mems);
        if (weight != 0) {
          set_property(bus, scope, "IOWeight", "t",
                       [&](Writer& body) { body.u64(io_weight(weight)); });
        }
      },
      "the cgroup has the limits");
}

}  // namespace kata::sandbox
