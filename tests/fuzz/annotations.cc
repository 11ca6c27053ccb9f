// SPDX-License-Identifier: Apache-2.0
//
// A container's annotations, one "name=value" a line; the first byte chooses what the configuration
// allows. No key that it does not allow may change, and no path that it does not name may get in.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/config/annotations.h"
#include "runtime/config/keys.h"

using namespace kata;
using namespace kata::config;

namespace {

constexpr std::string_view kPrefix = "io.katacontainers.config.";

Config configuration(std::uint8_t choice) {
  Config config;
  switch (choice % 4) {
    case 0:
      break;
    case 1:
      config.hypervisor.enable_annotations = {"default_.*", "kernel_params"};
      break;
    case 2:
      config.hypervisor.enable_annotations = {"path", "virtio_fs_daemon", "entropy_source"};
      config.hypervisor.valid_hypervisor_paths = {"/usr/bin/qemu-*"};
      break;
    default:
      config.hypervisor.enable_annotations = {".*"};
      config.hypervisor.valid_virtio_fs_daemon_paths = {"/usr/libexec/virtiofsd"};
  }
  return config;
}

Annotations annotations_of(std::string_view text) {
  Annotations result;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = std::min(line.find('='), line.size());
    const std::string_view value = line.substr(std::min(equals + 1, line.size()));
    result[std::string(kPrefix) + std::string(line.substr(0, equals))] = value;
  }
  return result;
}

bool is_same(const Key& key, Config& one, Config& other) {
  return std::visit(
      [&](auto mine) {
        using Pointer = decltype(mine);
        if constexpr (std::is_same_v<Pointer, std::monostate>) {
          return true;
        } else {
          return *mine == *std::get<Pointer>(key.field(other));
        }
      },
      key.field(one));
}

bool may_change(const Key& key, const Config& config) {
  return key.annotatable == Annotatable::freely ||
         (key.annotatable == Annotatable::gated &&
          is_allowed(config.hypervisor.enable_annotations, std::string(key.name)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Config config = configuration(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    Config result = apply_annotations(config, annotations_of(text));
    for (const Key& key : all_keys()) {
      if (!is_same(key, config, result) && !may_change(key, config)) __builtin_trap();
    }
    const Hypervisor& chosen = result.hypervisor;
    if (!chosen.path.empty() && !chosen.path.starts_with("/usr/bin/qemu-")) __builtin_trap();
    if (!chosen.virtio_fs_daemon.empty() && chosen.virtio_fs_daemon != "/usr/libexec/virtiofsd")
      __builtin_trap();
    if (chosen.entropy_source != config.hypervisor.entropy_source) __builtin_trap();
  } catch (const Error&) {  // the only way to refuse it
  }
  return 0;
}
