// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/load.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/config/guest_root.h"

namespace kata::config {
namespace {

constexpr std::size_t kMaxFile = 1U << 20;

/// The file to read; empty: none, the defaults hold.
std::string choose_file(const ConfigSources& sources) {
  for (const std::string& named : {sources.flag, sources.environment}) {
    if (named.empty()) continue;
    if (named.front() != '/') {
      throw_error(Code::invalid_argument,
                  "the configuration file must be an absolute path, not \"{}\"", named);
    }
    return named;
  }
  const auto found = std::find_if(sources.search.begin(), sources.search.end(), path_exists);
  return found == sources.search.end() ? std::string() : *found;
}

std::vector<std::string> drop_ins(const std::string& file) {
  std::vector<std::string> files;
  const std::string folder = join_path(parent_path(file), "config.d");
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  if (failed && failed != std::errc::no_such_file_or_directory) {
    throw_errno(failed.value(), "list {}", folder);
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_choice(std::string_view key, const std::string& value,
                  std::initializer_list<std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
  std::string list;
  for (const std::string_view each : allowed)
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", each);
  throw_error(Code::invalid_argument, "{} = \"{}\": it must be one of {}", key, value, list);
}

void check_range(std::string_view key, std::uint32_t value, std::uint32_t least,
                 std::uint32_t most) {
  if (value >= least && value <= most) return;
  throw_error(Code::invalid_argument, "{} = {}: it must be between {} and {}", key, value, least,
              most);
}

}  // namespace

ConfigSources sources_from_environment(const std::string& flag) {
  ConfigSources sources;
  sources.flag = flag;
  const char* variable = std::getenv("KATA_CONF_FILE");
  if (variable != nullptr) sources.environment = variable;
  return sources;
}

Config load_config(const ConfigSources& sources) {
  Config config;
  const std::string file = choose_file(sources);
  if (file.empty()) return config;
  std::vector<std::string> files = drop_ins(file);
  files.insert(files.begin(), file);
  in_context(
      [&] {
        for (const std::string& each : files) {
          apply_toml(config, read_file(each, kMaxFile), each);
          config.files.push_back(each);
        }
        check_config(config);
      },
      "read the configuration {}", file);
  return config;
}

void check_config(const Config& config) {
  const Hypervisor& hypervisor = config.hypervisor;
  check_choice("accelerator", hypervisor.accelerator, {"auto", "kvm", "tcg"});
  // "virtio-fs-nydus" and such of upstream's are other products' parts.
  check_choice("shared_fs", hypervisor.shared_fs, {"virtio-fs", "virtio-9p", "none"});
  check_choice("virtio_fs_cache", hypervisor.virtio_fs_cache,
               {"auto", "always", "never", "none", "metadata"});
  check_choice("block_device_aio", hypervisor.block_device_aio, {"threads", "native", "io_uring"});
  check_choice("internetworking_model", config.runtime.internetworking_model, {"tcfilter", "none"});
  check_choice("vfio_mode", config.runtime.vfio_mode, {"guest-kernel", "vfio"});
  check_range("default_vcpus", hypervisor.default_vcpus, 1, 1024);
  check_range("default_maxvcpus", hypervisor.default_maxvcpus, 0, 1024);
  check_range("default_memory", hypervisor.default_memory, 32, 1U << 24);
  check_range("memory_slots", hypervisor.memory_slots, 0, 256);
  check_range("pcie_root_port", hypervisor.pcie_root_port, 0, 16);
  check_range("tcg_translation_cache", hypervisor.tcg_translation_cache, 8, 4096);
  check_range("msize_9p", hypervisor.msize_9p, 4096, 1U << 20);
  check_range("dial_timeout", config.agent.dial_timeout, 1, 3600);
  check_range("create_container_timeout", config.runtime.create_container_timeout, 1, 3600);
  if (hypervisor.kernel.empty())
    throw_error(Code::invalid_argument, "kernel = \"\": a guest needs a kernel");
  check_root(hypervisor);
}

}  // namespace kata::config
