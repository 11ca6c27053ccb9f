// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/ps.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/foreign_text.h"
#include "runtime/base/json.h"
#include "runtime/cli/status.h"
#include "runtime/cli/text_table.h"

namespace kata::cli {

void add_ps(CommandLine& line) {
  const auto options = std::make_shared<PsOptions>();
  Verb verb = line.verb("ps", "List the processes of a container");
  verb.value("-f,--format", options->format, "table or json")
      .id(options->id)
      .tail(options->ps_options, "Options of ps(1) behind the id are accepted and not used.");
  verb.run([options](Runtime& runtime) { return run_ps(*options, runtime); });
}

namespace {

constexpr std::size_t kLongestTty = 32;
constexpr std::size_t kLongestCommand = 4096;
/// The year 9999: what the guest says beyond is no time.
constexpr std::uint64_t kLatest = 253402300799;

}  // namespace

std::string process_table(const kata::sandbox::ProcessesResponse& processes, std::int64_t now) {
  std::vector<std::vector<std::string>> rows = {
      {"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}};
  for (const kata::guest::GuestProcess& process : processes.processes()) {
    const auto started = static_cast<std::time_t>(std::min(process.start_seconds(), kLatest));
    tm local{};
    ::localtime_r(&started, &local);
    char start[16];
    std::strftime(start, sizeof start, now - started < 24 * 3600 ? "%H:%M" : "%b%d", &local);
    const std::uint64_t cpu = process.cpu_milliseconds() / 1000;
    const std::int64_t age = std::max<std::int64_t>(now - started, 1);
    const std::uint64_t percent = std::min<std::uint64_t>(
        process.cpu_milliseconds() / 10 / static_cast<std::uint64_t>(age), 99);
    rows.push_back({std::to_string(process.uid()), std::to_string(process.pid()),
                    std::to_string(process.ppid()), std::to_string(percent), start,
                    foreign_line(process.tty(), kLongestTty),
                    fmt::format("{:02}:{:02}:{:02}", cpu / 3600, cpu / 60 % 60, cpu % 60),
                    foreign_line(process.command(), kLongestCommand)});
  }
  return text_table(rows, 6);
}

std::string process_json(const kata::sandbox::ProcessesResponse& processes) {
  Json pids = Json::array();
  for (const std::uint32_t pid : processes.host_pids()) pids.push_back(pid);
  return pids.dump();
}

int run_ps(const PsOptions& options, Runtime& runtime) {
  if (options.format != "table" && options.format != "json") {
    throw_error(Code::invalid_argument, "invalid format option: \"{}\" is neither table nor json",
                options.format);
  }
  const ContainerRecord record = runtime.store.get(options.id);
  const kata::sandbox::ProcessesResponse processes = connect_running(record).processes(record.id);
  if (options.format == "json") {
    std::puts(process_json(processes).c_str());
  } else {
    std::fputs(process_table(processes, std::time(nullptr)).c_str(), stdout);
  }
  return 0;
}

}  // namespace kata::cli
