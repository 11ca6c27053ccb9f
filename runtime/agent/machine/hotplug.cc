// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/hotplug.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"

namespace kata::agent {
namespace {

constexpr std::string_view kMemory = "/sys/devices/system/memory";
constexpr std::string_view kCpu = "/sys/devices/system/cpu";

/// Folders called `prefix` and a number, by number.
std::vector<std::string> numbered(const std::string& parent, std::string_view prefix) {
  std::vector<std::pair<unsigned, std::string>> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    unsigned number = 0;
    const char* const last = name.data() + name.size();
    const auto [end, bad] = std::from_chars(name.data() + prefix.size(), last, number);
    if (bad == std::errc() && end == last) found.emplace_back(number, entry.path().string());
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

/// Brings at most `limit` folders' "online" from 0 to 1.
unsigned bring_online(const std::vector<std::string>& folders, unsigned limit) {
  unsigned count = 0;
  for (const std::string& folder : folders) {
    if (count == limit) break;
    const std::string file = folder + "/online";
    if (!read_file_if_exists(file).value_or("1").starts_with('0')) continue;
    ignore_error(
        [&] {
          write_kernel_file(file, "1");
          ++count;
        },
        "it may be on its way out");
  }
  return count;
}

}  // namespace

OnlineResult online_all(unsigned cpus, bool cpu_only, const std::string& root) {
  OnlineResult result;
  result.cpus = bring_online(numbered(root + std::string(kCpu), "cpu"), cpus == 0 ? ~0U : cpus);
  if (!cpu_only)
    result.memory_blocks = bring_online(numbered(root + std::string(kMemory), "memory"), ~0U);
  return result;
}

unsigned online_cpus(const std::string& root) {
  // A list of ranges, "0-3,5"; see Documentation/admin-guide/cputopology.rst.
  const std::string text = read_line_of(root + std::string(kCpu) + "/online");
  unsigned count = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    unsigned first = 0;
    at = std::from_chars(at, end, first).ptr;
    unsigned last = first;
    if (at < end && *at == '-') at = std::from_chars(at + 1, end, last).ptr;
    if (last >= first) count += last - first + 1;
    if (at < end) ++at;
  }
  return count;
}

std::uint64_t memory_block_size(const std::string& root) {
  const std::optional<std::string> text =
      read_file_if_exists(root + std::string(kMemory) + "/block_size_bytes");
  std::uint64_t size = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), size, 16);
  return size;
}

bool can_probe_memory(const std::string& root) {
  return path_exists(root + std::string(kMemory) + "/probe");
}

void probe_memory(std::span<const std::uint64_t> addresses, const std::string& root) {
  for (const std::uint64_t address : addresses) {
    write_kernel_file(root + std::string(kMemory) + "/probe", fmt::format("{:#x}", address));
  }
}

}  // namespace kata::agent
