// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/run.h"

#include <unistd.h>

#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/scope_exit.h"
#include "runtime/cli/console.h"
#include "runtime/cli/create.h"
#include "runtime/cli/foreground.h"
#include "runtime/cli/remove_container.h"
#include "runtime/cli/start.h"

namespace kata::cli {

void add_run(CommandLine& line) {
  const auto options = std::make_shared<RunOptions>();
  Verb verb = line.verb("run", "Create and start a container");
  describe_create_options(verb, options->create);
  verb.flag("-d,--detach", options->detach, "Do not wait for its end")
      .flag("--keep", options->keep, "Do not delete it at its end")
      .flag("--no-subreaper", options->no_subreaper, "Accepted: processes are the guest's")
      .id(options->create.id);
  verb.run([options](Runtime& runtime) { return run_run(*options, runtime); });
}

int run_run(const RunOptions& options, Runtime& runtime) {
  CreateOptions create = options.create;
  create.foreground = !options.detach;
  CreatedContainer created = create_container(create, runtime);
  ScopeExit remove([&] { force_remove_container(runtime.store, create.id); });
  run_start({.id = create.id}, runtime);
  if (options.detach) {
    created.relay.child().detach();
    remove.dismiss();
    return 0;
  }
  const int status = [&] {
    const RawTerminal raw(created.master ? STDIN_FILENO : -1);
    return follow(created.relay.child(), created.master.get());
  }();
  remove.dismiss();
  if (!options.keep) remove_container(runtime.store, created.record);
  return status;
}

}  // namespace kata::cli
