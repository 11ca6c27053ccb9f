// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/events.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

#include "agent.pb.h"
#include "runtime/base/error.h"
#include "runtime/cli/output.h"
#include "runtime/cli/stats_json.h"
#include "runtime/cli/status.h"

namespace kata::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

milliseconds duration_from_text(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, err] = std::from_chars(text.data(), end, number);
  const std::string unit(rest, end);
  const double scale = unit == "ms"  ? 1
                       : unit == "s" ? 1e3
                       : unit == "m" ? 6e4
                       : unit == "h" ? 3.6e6
                                     : 0;
  if (err != std::errc() || scale == 0 || number * scale < 1 || number * scale > 1e12) {
    throw_error(Code::invalid_argument, "--interval: \"{}\" is not a duration such as 5s", text);
  }
  return milliseconds(static_cast<std::int64_t>(number * scale));
}

void print_stats(ShimClient& shim, const std::string& id) {
  print_line(stats_event_json(id, shim.stats(id)));
}

}  // namespace

void add_events(CommandLine& line) {
  const auto options = std::make_shared<EventsOptions>();
  Verb verb = line.verb("events", "Print figures and out-of-memory events of a container");
  verb.flag("--stats", options->stats, "Print the figures once")
      .value("--interval", options->interval, "Time between two sets of figures")
      .id(options->id);
  verb.run([options](Runtime& runtime) { return run_events(*options, runtime); });
}

int run_events(const EventsOptions& options, Runtime& runtime) {
  const milliseconds interval = duration_from_text(options.interval);
  const ContainerRecord record = runtime.store.get(options.id);
  ShimClient shim = connect_running(record);
  if (shim.state(record.id) == oci::Status::stopped) {
    throw_error(Code::failed_precondition, "container with id {} is not running", record.id);
  }
  print_stats(shim, record.id);
  if (options.stats) return 0;
  std::uint64_t seen = 0;
  Clock::time_point next = Clock::now() + interval;
  for (;;) {
    // A parked call stays with its connection, so each has one of its own.
    ShimClient events = connect_running(record);
    const auto left = std::chrono::duration_cast<milliseconds>(next - Clock::now());
    const std::optional<SandboxEvent> event =
        events.next_event(record.id, seen, std::max(left, milliseconds(1)));
    if (event && event->type == "exit") return 0;
    if (event) {
      seen = event->sequence;
      print_line(event_json(event->type, record.id));
    } else {
      if (shim.state(record.id) == oci::Status::stopped) return 0;
      print_stats(shim, record.id);
      next = Clock::now() + interval;
    }
  }
}

}  // namespace kata::cli
