// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/kill.h"

#include <csignal>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/signals.h"
#include "runtime/cli/status.h"

namespace kata::cli {

void add_kill(CommandLine& line) {
  const auto options = std::make_shared<KillOptions>();
  Verb verb = line.verb("kill", "Send a signal to a container (SIGTERM when none is named)");
  verb.flag("-a,--all", options->all, "To all its processes")
      .id(options->id)
      .argument("signal", options->signal, "Name or number");
  verb.run([options](Runtime& runtime) { return run_kill(*options, runtime); });
}

int run_kill(const KillOptions& options, Runtime& runtime) {
  const int signal = options.signal.empty() ? SIGTERM : signal_from_name(options.signal);
  const ContainerRecord record = runtime.store.get(options.id);
  std::optional<ShimClient> shim = connect_shim(record);
  const bool stopped = !shim || shim->state(record.id) == oci::Status::stopped;
  if (stopped) {
    if (options.all) return 0;  // runc: nothing is left that could get the signal
    // containerd looks for this text, and takes it as "has ended already".
    throw_error(Code::failed_precondition, "container not running");
  }
  try {
    shim->kill({record.id, ""}, signal, options.all);
  } catch (const Error& error) {
    // It has ended between the two calls.
    if (error.code() != Code::not_found && error.code() != Code::unavailable) throw;
    throw_error(Code::failed_precondition, "container not running");
  }
  return 0;
}

}  // namespace kata::cli
