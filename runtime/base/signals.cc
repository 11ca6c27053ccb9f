// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/signals.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <utility>

#include "runtime/base/error.h"

namespace kata {
namespace {

constexpr int kRealTimeMin = 34;  // what glibc leaves to programs; engines count from here
constexpr int kRealTimeMax = 64;

constexpr auto kSignals = std::to_array<std::pair<std::string_view, int>>({
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},   {"IOT", SIGABRT},  {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL},   {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},  {"CONT", SIGCONT},
    {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},
    {"URG", SIGURG},       {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF},     {"WINCH", SIGWINCH}, {"IO", SIGIO},     {"POLL", SIGIO},
    {"PWR", SIGPWR},       {"SYS", SIGSYS},
});

}  // namespace

int signal_from_name(std::string_view name) {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) {
    if (number >= 0 && number <= kRealTimeMax) return number;
    throw_error(Code::invalid_argument, "signal {}: out of range, use 0 to {}", number,
                kRealTimeMax);
  }
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string_view short_name = upper;
  if (short_name.starts_with("SIG")) short_name.remove_prefix(3);
  for (const auto& [known, value] : kSignals) {
    if (known == short_name) return value;
  }
  for (const auto& [prefix, base] : {std::pair{std::string_view("RTMIN"), kRealTimeMin},
                                     std::pair{std::string_view("RTMAX"), kRealTimeMax}}) {
    if (!short_name.starts_with(prefix)) continue;
    std::string_view offset = short_name.substr(prefix.size());
    if (offset.empty()) return base;
    if (offset.front() == '+') offset.remove_prefix(1);
    int delta = 0;
    const auto [stop, failure] =
        std::from_chars(offset.data(), offset.data() + offset.size(), delta);
    if (failure == std::errc() && stop == offset.data() + offset.size() &&
        base + delta >= kRealTimeMin && base + delta <= kRealTimeMax) {
      return base + delta;
    }
  }
  throw_error(Code::invalid_argument, "signal \"{}\": no such signal, see signal(7)", name);
}

std::string signal_name(int number) {
  for (const auto& [name, value] : kSignals) {
    if (value == number) return "SIG" + std::string(name);
  }
  if (number == kRealTimeMin) return "SIGRTMIN";
  if (number > kRealTimeMin && number <= kRealTimeMax)
    return fmt::format("SIGRTMIN+{}", number - kRealTimeMin);
  return fmt::format("signal {}", number);
}

}  // namespace kata
