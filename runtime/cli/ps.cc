// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/ps.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/cli/status.h"
#include "runtime/cli/text_table.h"

namespace kata::cli {

void add_ps(CommandLine& line) {
  const auto options = std::make_shared<PsOptions>();
  Verb verb = line.verb("ps", "List the processes of a container");
  verb.value("-f,--format", options->format, "table or json")
      .id(options->id)
      .tail(options->ps_options, "Options of ps(1) may follow the id: -ef, aux, -o LIST.");
  verb.run([options](Runtime& runtime) { return run_ps(*options, runtime); });
}

std::string process_table(const kata::sandbox::ProcessesResponse& processes,
                          const std::vector<PsColumn>& columns, std::int64_t now) {
  std::vector<std::vector<std::string>> rows(1);
  for (const PsColumn& column : columns) rows[0].push_back(column.header);
  if (std::all_of(rows[0].begin(), rows[0].end(), [](const auto& text) { return text.empty(); }))
    rows.clear();  // as ps(1)
  for (const kata::guest::GuestProcess& process : processes.processes()) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const PsColumn& column : columns) row.push_back(column.cell(process, now));
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
  const std::vector<PsColumn> columns = ps_columns(options.ps_options);
  const ContainerRecord record = runtime.store.get(options.id);
  kata::sandbox::ProcessesResponse processes;  // as runc: a stopped container has none
  if (query_status(record).status != oci::Status::stopped)
    processes = connect_running(record).processes(record.id);
  if (options.format == "json") {
    std::puts(process_json(processes).c_str());
  } else {
    std::fputs(process_table(processes, columns, std::time(nullptr)).c_str(), stdout);
  }
  return 0;
}

}  // namespace kata::cli
