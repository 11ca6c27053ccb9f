// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/kernel_support.h"

#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

std::string read_config(const std::string& path) {
  std::string text =
      in_context([&] { return read_file(path, 4U << 20); }, "read the kernel's configuration");
  if (text.empty() || text.front() != '{') return text;
  const Json manifest = parse_json(text, path);
  const Json::json_pointer pointer("/files/config/name");
  if (!manifest.contains(pointer) || !manifest.at(pointer).is_string()) {
    throw_error(Code::invalid_argument,
                "{}: this is no kernel manifest: it has no files.config.name", path);
  }
  const std::string name = manifest.at(pointer).get<std::string>();
  return in_context(
      [&] { return read_file(join_path(parent_path(path), base_name(name)), 4U << 20); },
      "read the kernel's configuration");
}

}  // namespace

void check_kernel_unpacks(const std::string& kernel_config, recipe::CompressionType type) {
  if (kernel_config.empty()) return;
  const std::string text = "\n" + read_config(kernel_config);
  std::string symbol = "CONFIG_BLK_DEV_INITRD";
  if (type != recipe::CompressionType::none) {
    symbol = "CONFIG_RD_";
    for (const char* c = recipe::compression_name(type); *c != '\0'; ++c) {
      symbol += *c >= 'a' && *c <= 'z' ? static_cast<char>(*c - 'a' + 'A') : *c;
    }
  }
  for (const std::string& needed : {std::string("CONFIG_BLK_DEV_INITRD"), symbol}) {
    if (text.find("\n" + needed + "=y\n") != std::string::npos) continue;
    throw_error(Code::invalid_argument,
                "compress the image by {}: the kernel of {} cannot unpack it: {} is not set: add "
                "it to a fragment, or choose "
                "another compression in the recipe",
                recipe::compression_name(type), kernel_config, needed);
  }
}

}  // namespace kata::rootfs
