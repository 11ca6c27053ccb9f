// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/machine/process_list.h"

#include <sys/sysmacros.h>
#include <unistd.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/text.h"

namespace kata::agent {
namespace {

constexpr std::size_t kMaxCommand = 4096;

template <typename Number>
Number number_of(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The words behind "Name:" in /proc/PID/status.
std::vector<std::string_view> status_words(const std::string& status, std::string_view name) {
  const std::size_t at = status.find("\n" + std::string(name) + ":");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return words_of(std::string_view(status).substr(begin, status.find('\n', begin) - begin));
}

std::uint64_t boot_time(const std::string& root) {
  const std::string text = read_file_if_exists(root + "/proc/stat").value_or("");
  const std::size_t at = text.find("\nbtime ");
  return at == std::string::npos ? 0
                                 : number_of<std::uint64_t>(std::string_view(text).substr(at + 7));
}

std::string tty_name(int number) {
  constexpr unsigned kPtsMajor = 136;  // to 143; see Documentation/admin-guide/devices.txt
  const auto device = static_cast<dev_t>(static_cast<unsigned>(number));
  if (number == 0) return "?";
  if (major(device) >= kPtsMajor && major(device) < kPtsMajor + 8) {
    return fmt::format("pts/{}", (major(device) - kPtsMajor) * 256 + minor(device));
  }
  return "?";
}

}  // namespace

std::optional<ProcessFacts> read_process(pid_t pid, const std::string& root) {
  const std::string folder = fmt::format("{}/proc/{}", root, pid);
  ProcessFacts facts;
  try {
    const std::string stat = read_file(folder + "/stat");
    const std::string status = read_file(folder + "/status");
    std::string command = read_file(folder + "/cmdline");
    // The name is in parentheses and may hold any character, parentheses too.
    const std::size_t open = stat.find('(');
    const std::size_t close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos || close < open)
      return std::nullopt;
    const std::vector<std::string_view> words = words_of(std::string_view(stat).substr(close + 1));
    if (words.size() < 22) return std::nullopt;
    const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    facts.pid = pid;
    facts.state = std::string(words[0]);
    facts.parent = number_of<pid_t>(words[1]);
    facts.tty = tty_name(number_of<int>(words[4]));
    facts.cpu_milliseconds =
        (number_of<std::uint64_t>(words[11]) + number_of<std::uint64_t>(words[12])) * 1000 / ticks;
    facts.start_seconds = boot_time(root) + number_of<std::uint64_t>(words[19]) / ticks;
    facts.virtual_kib = number_of<std::uint64_t>(words[20]) / 1024;
    facts.resident_kib = number_of<std::uint64_t>(words[21]) *
                         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024;
    if (const auto uids = status_words(status, "Uid"); !uids.empty())
      facts.uid = number_of<std::uint32_t>(uids[0]);
    const auto pids = status_words(status, "NSpid");
    facts.container_pid = pids.empty() ? pid : number_of<pid_t>(pids.back());
    while (!command.empty() && command.back() == '\0') command.pop_back();
    for (char& c : command) c = static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    facts.name = stat.substr(open + 1, close - open - 1);
    facts.command = command.empty() ? "[" + facts.name + "]" : command.substr(0, kMaxCommand);
  } catch (const Error& error) {
    if (error.code() == Code::not_found || error.err() != 0)
      return std::nullopt;  // ended meanwhile: ENOENT or ESRCH
    throw;
  }
  return facts;
}

}  // namespace kata::agent
