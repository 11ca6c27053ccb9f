// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"

namespace kata::agent {
namespace {

constexpr std::string_view kSeparators = " \t:\n";

void family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void add_memory(std::string& out, const std::string& root) {
  family(out, "kata_guest_meminfo", "gauge", "Guest memory in kB, as /proc/meminfo.");
  for (const std::string& line :
       split_text(read_file_if_exists(root + "/proc/meminfo").value_or(""))) {
    const auto words = words_of(line, kSeparators);
    if (words.size() >= 2)
      out += fmt::format("kata_guest_meminfo{{item=\"{}\"}} {}\n", words[0], words[1]);
  }
}

void add_cpu(std::string& out, const std::string& root) {
  constexpr std::string_view kItems[] = {"user",   "nice", "system",  "idle",
                                         "iowait", "irq",  "softirq", "steal"};
  family(out, "kata_guest_cpu_time", "counter", "Processor time in clock ticks, as /proc/stat.");
  for (const std::string& line :
       split_text(read_file_if_exists(root + "/proc/stat").value_or(""))) {
    const auto words = words_of(line, kSeparators);
    if (words.empty() || !words[0].starts_with("cpu")) continue;
    const std::string_view cpu = words[0] == "cpu" ? std::string_view("total") : words[0].substr(3);
    for (std::size_t i = 0; i < std::size(kItems) && i + 1 < words.size(); ++i) {
      out += fmt::format("kata_guest_cpu_time{{cpu=\"{}\",item=\"{}\"}} {}\n", cpu, kItems[i],
                         words[i + 1]);
    }
  }
}

void add_load(std::string& out, const std::string& root) {
  family(out, "kata_guest_load", "gauge", "Load averages.");
  const std::string load_text = read_file_if_exists(root + "/proc/loadavg").value_or("");
  const auto words = words_of(load_text, kSeparators);
  constexpr std::string_view kItems[] = {"load1", "load5", "load15"};
  for (std::size_t i = 0; i < std::size(kItems) && i < words.size(); ++i) {
    out += fmt::format("kata_guest_load{{item=\"{}\"}} {}\n", kItems[i], words[i]);
  }
}

void add_network(std::string& out, const std::string& root) {
  family(out, "kata_guest_netdev_stat", "counter", "Network counters, as /proc/net/dev.");
  for (const std::string& line :
       split_text(read_file_if_exists(root + "/proc/net/dev").value_or(""))) {
    const auto words = words_of(line, kSeparators);
    if (words.size() < 17) continue;  // a heading
    out += fmt::format("kata_guest_netdev_stat{{interface=\"{}\",item=\"recv_bytes\"}} {}\n",
                       words[0], words[1]);
    out += fmt::format("kata_guest_netdev_stat{{interface=\"{}\",item=\"xmit_bytes\"}} {}\n",
                       words[0], words[9]);
  }
}

void add_self(std::string& out, const std::string& root) {
  const std::string text = read_file_if_exists(root + "/proc/self/statm").value_or("");
  const auto words = words_of(text, kSeparators);
  if (words.size() < 2) return;
  family(out, "kata_agent_resident_pages", "gauge", "Resident memory of the agent in pages.");
  out += fmt::format("kata_agent_resident_pages {}\n", words[1]);
  family(out, "kata_agent_page_size", "gauge", "Bytes of a page.");
  out += fmt::format("kata_agent_page_size {}\n", ::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string guest_metrics(const std::string& root) {
  std::string out;
  add_self(out, root);
  add_memory(out, root);
  add_cpu(out, root);
  add_load(out, root);
  add_network(out, root);
  return out;
}

}  // namespace kata::agent
