// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/resume.h"

#include <memory>

#include "runtime/cli/status.h"

namespace kata::cli {

void add_resume(CommandLine& line) {
  const auto options = std::make_shared<ResumeOptions>();
  Verb verb = line.verb("resume", "Resume a paused container");
  verb.id(options->id);
  verb.run([options](Runtime& runtime) { return run_resume(*options, runtime); });
}

int run_resume(const ResumeOptions& options, Runtime& runtime) {
  const ContainerRecord record = runtime.store.get(options.id);
  connect_running(record).resume(record.id);
  return 0;
}

}  // namespace kata::cli
