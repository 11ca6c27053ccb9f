// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/pause.h"

#include <memory>

#include "runtime/cli/status.h"

namespace kata::cli {

void add_pause(CommandLine& line) {
  const auto options = std::make_shared<PauseOptions>();
  Verb verb = line.verb("pause", "Suspend a container");
  verb.id(options->id);
  verb.run([options](Runtime& runtime) { return run_pause(*options, runtime); });
}

int run_pause(const PauseOptions& options, Runtime& runtime) {
  const ContainerRecord record = runtime.store.get(options.id);
  connect_running(record).pause(record.id);
  return 0;
}

}  // namespace kata::cli
