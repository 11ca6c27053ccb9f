// SPDX-License-Identifier: Apache-2.0
#include "builder/boot/boot_timeline.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "runtime/base/text.h"

namespace kata::boot {
namespace {

struct GuestLine {
  double host = 0;
  double guest = 0;
  std::string text;
};

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

/// "12:34:56.123456 program: ..." as seconds of the day.
std::optional<double> host_time(std::string_view line) {
  if (line.size() < 16 || line[2] != ':' || line[5] != ':' || line[8] != '.') return std::nullopt;
  const auto hours = number(line.substr(0, 2));
  const auto minutes = number(line.substr(3, 2));
  const auto seconds = number(line.substr(6, 9));
  if (!hours || !minutes || !seconds) return std::nullopt;
  return *hours * 3600 + *minutes * 60 + *seconds;
}

std::optional<GuestLine> guest_line(std::string_view line, double host) {
  const std::size_t begin = line.find("guest: [");
  if (begin == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(begin + 8);
  const std::size_t digits = rest.find_first_not_of(' ');
  const std::size_t end = rest.find("] ");
  if (digits == std::string_view::npos || end == std::string_view::npos || digits > end)
    return std::nullopt;
  const auto guest = number(rest.substr(digits, end - digits));
  if (!guest) return std::nullopt;
  return GuestLine{host, *guest, std::string(rest.substr(end + 2))};
}

/// The number behind `name` in seconds; 0 when there is none.
double microseconds_in(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string_view::npos ? 0 : number(text.substr(at + name.size())).value_or(0) / 1e6;
}

/// The first line with `words` in it.
const GuestLine* find(const std::vector<GuestLine>& lines, std::string_view words) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const GuestLine& line) {
    return line.text.find(words) != std::string::npos;
  });
  return found == lines.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Timeline> read_timeline(std::string_view log, std::string& missing) {
  constexpr double kDay = 86400;
  std::optional<double> exec;
  std::vector<GuestLine> lines;
  for (const std::string& line : split_text(log)) {
    std::optional<double> host = host_time(line);
    if (!host) continue;
    if (!exec && line.find("starting machine") != std::string::npos) exec = host;
    if (!exec) continue;
    if (*host < *exec) *host += kDay;  // midnight
    if (std::optional<GuestLine> found = guest_line(line, *host))
      lines.push_back(std::move(*found));
  }
  if (!exec) {
    missing = "the start of QEMU";
    return std::nullopt;
  }
  const GuestLine* agent = find(lines, "agent serves started_us_ago=");
  const GuestLine* ready = find(lines, "host connected");
  const GuestLine* container = find(lines, "container created");
  for (const auto& [line, name] : {std::pair{agent, "the agent's start"},
                                   {ready, "the agent's connection to the host"},
                                   {container, "the container's creation"}}) {
    if (line != nullptr) continue;
    missing = name;
    return std::nullopt;
  }
  double offset = std::numeric_limits<double>::max();
  for (const GuestLine& line : lines) offset = std::min(offset, line.host - line.guest);
  const double serving_after = microseconds_in(agent->text, "started_us_ago=");
  const double first_process = microseconds_in(agent->text, "first_process_at_us=");
  if (first_process <= 0) {
    missing = "when the kernel ran the first process";
    return std::nullopt;
  }
  Timeline timeline;
  timeline.kernel = offset - *exec;
  timeline.init = timeline.kernel + first_process;
  timeline.agent = timeline.kernel + agent->guest - serving_after;
  timeline.ready = timeline.kernel + ready->guest;
  timeline.container = timeline.kernel + container->guest;
  return timeline;
}

}  // namespace kata::boot
