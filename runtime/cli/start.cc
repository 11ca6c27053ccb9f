// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/start.h"

#include <memory>

#include "runtime/base/error.h"
#include "runtime/cli/shim_process.h"
#include "runtime/cli/status.h"

namespace kata::cli {

void add_start(CommandLine& line) {
  const auto options = std::make_shared<StartOptions>();
  Verb verb = line.verb("start", "Start a created container");
  verb.id(options->id);
  verb.run([options](Runtime& runtime) { return run_start(*options, runtime); });
}

int run_start(const StartOptions& options, Runtime& runtime) {
  const ContainerRecord record = runtime.store.get(options.id);
  const ContainerStatus status = query_status(record);
  if (status.status == oci::Status::stopped) {
    throw_error(Code::failed_precondition, "cannot start a container that has stopped");
  }
  if (status.status != oci::Status::created) {
    throw_error(Code::failed_precondition, "cannot start an already {} container",
                oci::status_name(status.status));
  }
  with_shim_log(record.sandbox_dir, [&] { connect_running(record).start({record.id, ""}); });
  return 0;
}

}  // namespace kata::cli
