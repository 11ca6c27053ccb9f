// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/ps_columns.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"

namespace kata::cli {
namespace {

using kata::guest::GuestProcess;

constexpr std::size_t kLongestWord = 32;
constexpr std::size_t kLongestCommand = 4096;
/// The year 9999: what the guest says beyond is no time.
constexpr std::uint64_t kLatest = 253402300799;

std::int64_t start_of(const GuestProcess& process) {
  return static_cast<std::int64_t>(std::min(process.start_seconds(), kLatest));
}

std::int64_t age_of(const GuestProcess& process, std::int64_t now) {
  return std::max<std::int64_t>(now - start_of(process), 0);
}

/// Thousandths of one processor over the process's life.
std::uint64_t share_of(const GuestProcess& process, std::int64_t now) {
  const auto age = static_cast<std::uint64_t>(std::max<std::int64_t>(age_of(process, now), 1));
  return std::min<std::uint64_t>(process.cpu_milliseconds() / age, 999);
}

std::string clock_text(std::uint64_t seconds) {
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string pid_cell(const GuestProcess& process, std::int64_t) {
  return std::to_string(process.pid());
}
std::string ppid_cell(const GuestProcess& process, std::int64_t) {
  return std::to_string(process.ppid());
}
std::string uid_cell(const GuestProcess& process, std::int64_t) {
  return std::to_string(process.uid());
}
std::string percent_cell(const GuestProcess& process, std::int64_t now) {
  return std::to_string(share_of(process, now) / 10);
}
std::string exact_percent_cell(const GuestProcess& process, std::int64_t now) {
  return fmt::format("{}.{}", share_of(process, now) / 10, share_of(process, now) % 10);
}
std::string start_cell(const GuestProcess& process, std::int64_t now) {
  const std::time_t started = start_of(process);
  tm local{};
  ::localtime_r(&started, &local);
  char text[16];
  std::strftime(text, sizeof text, now - started < 24 * 3600 ? "%H:%M" : "%b%d", &local);
  return text;
}
std::string elapsed_cell(const GuestProcess& process, std::int64_t now) {
  const auto age = static_cast<std::uint64_t>(age_of(process, now));
  const std::string time = clock_text(age % 86400);
  if (age >= 86400) return fmt::format("{}-{}", age / 86400, time);
  return age < 3600 ? time.substr(3) : time;
}
std::string elapsed_seconds_cell(const GuestProcess& process, std::int64_t now) {
  return std::to_string(age_of(process, now));
}
std::string tty_cell(const GuestProcess& process, std::int64_t) {
  return foreign_line(process.tty(), kLongestWord);
}
std::string time_cell(const GuestProcess& process, std::int64_t) {
  return clock_text(process.cpu_milliseconds() / 1000);
}
std::string state_cell(const GuestProcess& process, std::int64_t) {
  return foreign_line(process.state(), kLongestWord);
}
std::string resident_cell(const GuestProcess& process, std::int64_t) {
  return std::to_string(process.resident_kib());
}
std::string virtual_cell(const GuestProcess& process, std::int64_t) {
  return std::to_string(process.virtual_kib());
}
std::string name_cell(const GuestProcess& process, std::int64_t) {
  return foreign_line(process.name(), kLongestWord);
}
std::string command_cell(const GuestProcess& process, std::int64_t) {
  return foreign_line(process.command(), kLongestCommand);
}

struct Known {
  std::string_view name;
  std::string_view header;
  PsCell cell;
};

/// Names and headers as in ps(1), STANDARD FORMAT SPECIFIERS. Users are numbers: the guest's names
/// are the container's own affair.
constexpr std::array kKnown = {
    Known{"pid", "PID", pid_cell},
    Known{"tgid", "TGID", pid_cell},
    Known{"ppid", "PPID", ppid_cell},
    Known{"uid", "UID", uid_cell},
    Known{"euid", "EUID", uid_cell},
    Known{"user", "USER", uid_cell},
    Known{"euser", "EUSER", uid_cell},
    Known{"c", "C", percent_cell},
    Known{"pcpu", "%CPU", exact_percent_cell},
    Known{"%cpu", "%CPU", exact_percent_cell},
    Known{"stime", "STIME", start_cell},
    Known{"start_time", "START", start_cell},
    Known{"etime", "ELAPSED", elapsed_cell},
    Known{"etimes", "ELAPSED", elapsed_seconds_cell},
    Known{"tty", "TT", tty_cell},
    Known{"tt", "TT", tty_cell},
    Known{"tname", "TTY", tty_cell},
    Known{"time", "TIME", time_cell},
    Known{"cputime", "TIME", time_cell},
    Known{"s", "S", state_cell},
    Known{"state", "S", state_cell},
    Known{"stat", "STAT", state_cell},
    Known{"rss", "RSS", resident_cell},
    Known{"rssize", "RSS", resident_cell},
    Known{"vsz", "VSZ", virtual_cell},
    Known{"vsize", "VSZ", virtual_cell},
    Known{"comm", "COMMAND", name_cell},
    Known{"ucmd", "CMD", name_cell},
    Known{"args", "COMMAND", command_cell},
    Known{"command", "COMMAND", command_cell},
    Known{"cmd", "CMD", command_cell},
};

constexpr const char* kFull = "uid,pid,ppid,c,stime,tname,time,cmd";
constexpr const char* kUser = "user,pid,%cpu,vsz,rss,tname,stat,start_time,time,args";

[[noreturn]] void throw_unknown(std::string_view what) {
  std::string names;
  for (const Known& known : kKnown) names += (names.empty() ? "" : ", ") + std::string(known.name);
  throw_error(Code::invalid_argument,
              "ps: {}: the guest's figures answer -e, -f, aux and -o with {}; for the rest run ps "
              "in the container",
              what, names);
}

void add_columns(std::string_view list, std::vector<PsColumn>& columns) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(", "), list.size());
    std::string_view name = list.substr(0, end);
    // a header of one's own goes to the end of the list, commas and all
    const std::size_t equals = list.find('=');
    const bool has_header = equals < end;
    const std::string header(has_header ? list.substr(equals + 1) : std::string_view());
    if (has_header) name = list.substr(0, equals);
    list.remove_prefix(has_header ? list.size() : std::min(end + 1, list.size()));
    if (name.empty()) continue;
    const auto* const known = std::find_if(kKnown.begin(), kKnown.end(),
                                           [&](const Known& one) { return one.name == name; });
    if (known == kKnown.end())
      throw_unknown(fmt::format("no column \"{}\"", foreign_line(name, 64)));
    columns.push_back({has_header ? header : std::string(known->header), known->cell});
  }
}

}  // namespace

std::vector<PsColumn> ps_columns(const std::vector<std::string>& options) {
  std::vector<PsColumn> columns;
  const char* standard = options.empty() ? kFull : "pid,tname,time,cmd";
  for (std::size_t i = 0; i < options.size(); ++i) {
    const bool is_unix = options[i].starts_with('-');
    const std::string_view letters = std::string_view(options[i]).substr(is_unix ? 1 : 0);
    for (std::size_t at = 0; at < letters.size(); ++at) {
      const char letter = letters[at];
      if (letter == 'o') {  // the rest of the word or the next one is its list
        const std::string_view rest = letters.substr(at + 1);
        if (rest.empty() && i + 1 == options.size()) throw_unknown("-o without a list of columns");
        add_columns(rest.empty() ? std::string_view(options[++i]) : rest, columns);
        break;
      }
      if (letter == 'f' && is_unix) {
        standard = kFull;
      } else if (letter == 'u') {
        standard = kUser;
      } else if (std::string_view("eAaxw").find(letter) == std::string_view::npos) {
        throw_unknown(fmt::format("option \"{}\"", foreign_line(options[i], 64)));
      }
    }
  }
  if (columns.empty()) add_columns(standard, columns);
  return columns;
}

}  // namespace kata::cli
