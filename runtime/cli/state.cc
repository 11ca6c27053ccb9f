// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/state.h"

#include <cstdio>
#include <memory>

#include "runtime/base/json.h"
#include "runtime/oci/spec.h"

namespace kata::cli {

void add_state(CommandLine& line) {
  const auto options = std::make_shared<StateOptions>();
  Verb verb = line.verb("state", "Print the state of a container as JSON");
  verb.id(options->id);
  verb.run([options](Runtime& runtime) { return run_state(*options, runtime); });
}

std::string container_state_json(const ContainerRecord& record, const ContainerStatus& status,
                                 int indent) {
  Json json = {{"ociVersion", oci::kSpecVersion},
               {"id", record.id},
               {"pid", status.pid},
               {"status", oci::status_name(status.status)},
               {"bundle", record.bundle},
               {"rootfs", record.rootfs},
               {"created", record.created}};
  if (!record.annotations.empty()) json["annotations"] = record.annotations;
  json["owner"] = record.owner;
  return json.dump(indent);
}

int run_state(const StateOptions& options, Runtime& runtime) {
  const ContainerRecord record = runtime.store.get(options.id);
  std::puts(container_state_json(record, query_status(record), 2).c_str());
  return 0;
}

}  // namespace kata::cli
