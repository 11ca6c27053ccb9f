// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/storage/block_device.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::agent {
namespace {

bool is_pci_path(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  return text.find_first_not_of("0123456789abcdef/") == std::string_view::npos;
}

std::vector<std::string> disks(const std::string& root) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root + "/sys/block", error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string find_by_serial(std::string_view serial, const std::string& root) {
  for (const std::string& name : disks(root)) {
    std::string found = read_file_if_exists(root + "/sys/block/" + name + "/serial").value_or("");
    while (!found.empty() && (found.back() == '\n' || found.back() == ' ')) found.pop_back();
    if (found == serial) return "/dev/" + name;
  }
  throw_error(Code::not_found, "no disk with serial number {}", serial);
}

/// "02/03" is the device in slot 3 behind the bridge in slot 2: its folder in /sys is reached
/// through
/// "...:00:02.0/...:03.0/".
std::string find_by_pci_path(std::string_view path, const std::string& root) {
  for (const std::string& name : disks(root)) {
    std::error_code error;
    const std::string link =
        std::filesystem::read_symlink(root + "/sys/block/" + name, error).string();
    std::size_t from = 0;
    bool matches = !error;
    std::string_view rest = path;
    while (matches && !rest.empty()) {
      const std::string_view slot = rest.substr(0, rest.find('/'));
      rest.remove_prefix(std::min(rest.size(), slot.size() + 1));
      const std::size_t at = link.find(fmt::format(":{}.0/", slot), from);
      matches = !slot.empty() && at != std::string::npos;
      from = at + 1;
    }
    if (matches) return "/dev/" + name;
  }
  throw_error(Code::not_found, "no disk at PCI path {}", path);
}

}  // namespace

std::string find_block_device(const std::string& source, const std::string& root) {
  constexpr std::string_view kSerial = "serial:";
  if (source.starts_with("/dev/")) {
    const std::string path = clean_path(source);
    if (!is_below(path, "/dev"))
      throw_error(Code::invalid_argument, "block device {} is not below /dev", source);
    if (!path_exists(root + path)) throw_error(Code::not_found, "no block device {}", path);
    return path;
  }
  if (source.starts_with(kSerial))
    return find_by_serial(std::string_view(source).substr(kSerial.size()), root);
  if (is_pci_path(source)) return find_by_pci_path(source, root);
  throw_error(Code::invalid_argument,
              "block device \"{}\": neither below /dev, a PCI path nor serial:TEXT", source);
}

}  // namespace kata::agent
