// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/list.h"

#include <cstdio>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/cli/state.h"
#include "runtime/cli/text_table.h"

namespace kata::cli {

void add_list(CommandLine& line) {
  const auto options = std::make_shared<ListOptions>();
  Verb verb = line.verb("list", "List the containers of this state directory");
  verb.value("-f,--format", options->format, "table or json")
      .flag("-q,--quiet", options->quiet, "Ids only");
  verb.run([options](Runtime& runtime) { return run_list(*options, runtime); });
}

std::string container_table(const std::vector<ListedContainer>& containers) {
  std::vector<std::vector<std::string>> rows = {
      {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const auto& [record, status] : containers) {
    rows.push_back({record.id, std::to_string(status.pid),
                    std::string(oci::status_name(status.status)), record.bundle, record.created,
                    record.owner});
  }
  return text_table(rows, 12);
}

std::string containers_json(const std::vector<ListedContainer>& containers) {
  if (containers.empty()) return "null";
  Json array = Json::array();
  for (const auto& [record, status] : containers) {
    array.push_back(Json::parse(container_state_json(record, status, -1)));
  }
  return array.dump();
}

int run_list(const ListOptions& options, Runtime& runtime) {
  if (options.format != "table" && options.format != "json") {
    throw_error(Code::invalid_argument, "invalid format option: \"{}\" is neither table nor json",
                options.format);
  }
  std::vector<ListedContainer> containers;
  for (const std::string& id : runtime.store.ids()) {
    try {
      const std::optional<ContainerRecord> record = runtime.store.find(id);
      if (!record) continue;
      containers.push_back({*record, options.quiet ? ContainerStatus{} : query_status(*record)});
    } catch (const Error& error) {
      log::warn("container left out id={} error=\"{}\"", id, error.what());
    }
  }
  if (options.quiet) {
    for (const ListedContainer& container : containers) std::puts(container.record.id.c_str());
  } else if (options.format == "json") {
    std::puts(containers_json(containers).c_str());
  } else {
    std::fputs(container_table(containers).c_str(), stdout);
  }
  return 0;
}

}  // namespace kata::cli
