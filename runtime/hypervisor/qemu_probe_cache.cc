// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qemu_probe_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"

namespace kata::hypervisor {
namespace {

constexpr int kFormat = 2;
constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

/// A file that only we, or root, can have written.
bool is_trusted(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  return (info.st_uid == ::geteuid() || info.st_uid == 0) &&
         (info.st_mode & kWritableByOthers) == 0;
}

std::optional<Json> load(const std::string& path) {
  if (path.empty() || !is_trusted(path)) return std::nullopt;
  try {
    return read_json_file(path);
  } catch (const Error& error) {
    log::debug("probe cache not usable path={} error=\"{}\"", path, error.what());
    return std::nullopt;
  }
}

void save(const std::string& path, const Json& value) {
  if (path.empty()) return;
  make_directories(parent_path(path), 0711);
  write_file_atomic(path, value.dump(), 0644);
}

}  // namespace

std::string probe_cache_path(const std::string& cache_dir, const std::string& program) {
  struct stat info {};
  if (cache_dir.empty() || ::stat(program.c_str(), &info) != 0) return {};
  const std::string key =
      fmt::format("{}:{}:{}.{}", program, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  return fmt::format("{}/probe-{}-{:016x}.json", cache_dir, base_name(program),
                     std::hash<std::string>{}(key));
}

std::optional<QemuInfo> load_probe(const std::string& path, const std::string& qemu) {
  const std::optional<Json> json = load(path);
  if (!json) return std::nullopt;
  try {
    if (json->value("format", 0) != kFormat || json->value("path", "") != qemu) return std::nullopt;
    QemuInfo info;
    info.path = qemu;
    info.version = json->at("version").get<std::string>();
    info.machines = json->at("machines").get<std::set<std::string>>();
    info.devices = json->at("devices").get<std::set<std::string>>();
    info.accelerators = json->at("accelerators").get<std::set<std::string>>();
    info.qboot = json->at("qboot").get<std::string>();
    info.machine_options =
        json->at("machine_options").get<std::map<std::string, std::set<std::string>>>();
    return info;
  } catch (const Json::exception& error) {
    log::debug("probe cache damaged path={} error=\"{}\"", path, error.what());
    return std::nullopt;
  }
}

void save_probe(const std::string& path, const QemuInfo& qemu) {
  save(path, {{"format", kFormat},
              {"path", qemu.path},
              {"version", qemu.version},
              {"machines", qemu.machines},
              {"devices", qemu.devices},
              {"accelerators", qemu.accelerators},
              {"qboot", qemu.qboot},
              {"machine_options", qemu.machine_options}});
}

bool virtiofsd_is_rust(CommandRunner& runner, const std::string& program,
                       const std::string& cache_dir) {
  const std::string cache = probe_cache_path(cache_dir, program);
  if (const std::optional<Json> known = load(cache)) {
    const auto value = known->find("rust");
    if (value != known->end() && value->is_boolean()) return value->get<bool>();
  }
  Command command;
  command.argv = {program, "--help"};
  command.timeout = std::chrono::seconds(10);
  const CommandResult result = runner.run(command);
  const bool is_rust =
      (result.output + result.error_output).find("--shared-dir") != std::string::npos;
  ignore_error(
      [&] {
        save(cache, {{"format", kFormat}, {"path", program}, {"rust", is_rust}});
      },
      "the cache only saves time");
  return is_rust;
}

}  // namespace kata::hypervisor
