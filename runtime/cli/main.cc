// SPDX-License-Identifier: Apache-2.0
//
// kata-runtime: the OCI runtime command line.
#include <signal.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/fd.h"
#include "runtime/cli/check.h"
#include "runtime/cli/create.h"
#include "runtime/cli/debug_console.h"
#include "runtime/cli/delete.h"
#include "runtime/cli/env.h"
#include "runtime/cli/events.h"
#include "runtime/cli/exec.h"
#include "runtime/cli/failure.h"
#include "runtime/cli/features.h"
#include "runtime/cli/kill.h"
#include "runtime/cli/list.h"
#include "runtime/cli/output.h"
#include "runtime/cli/pause.h"
#include "runtime/cli/ps.h"
#include "runtime/cli/relay.h"
#include "runtime/cli/resume.h"
#include "runtime/cli/run.h"
#include "runtime/cli/spec.h"
#include "runtime/cli/start.h"
#include "runtime/cli/state.h"
#include "runtime/cli/update.h"
#include "runtime/cli/version.h"
#include "runtime/completion/completion.h"

namespace {

using namespace kata::cli;

void add_verbs(CommandLine& line) {
  add_create(line);
  add_start(line);
  add_state(line);
  add_kill(line);
  add_delete(line);
  add_exec(line);
  add_run(line);
  add_list(line);
  add_ps(line);
  add_spec(line);
  add_pause(line);
  add_resume(line);
  add_update(line);
  add_events(line);
  add_features(line);
  add_version(line);
  add_check(line);
  add_env(line);
  add_debug_console(line);
}

}  // namespace

int main(int argc, char** argv) {
  if (is_relay()) return relay_main();
  // A relay or an engine that has gone away is an error to report, not our end: what was begun must
  // be undone.
  ::signal(SIGPIPE, SIG_IGN);
  GlobalOptions globals;
  try {
    kata::open_missing_standard_streams();
    CommandLine line(globals);
    add_verbs(line);
    if (argc > 1 && argv[1] == std::string_view(kata::completion::kVerb)) {
      std::fputs(line.complete({argv + 2, argv + argc}).c_str(), stdout);
      return 0;
    }
    const CommandLine::Parsed parsed = line.parse({argv + 1, argv + argc});
    set_up_log(globals);
    if (!parsed.usage_error.empty()) report_failure(globals, parsed.usage_error);
    if (globals.version) {
      std::fputs(version_text().c_str(), stdout);
      return 0;
    }
    std::fputs(parsed.text.c_str(), stdout);
    if (!parsed.action) return parsed.status;
    Runtime runtime(globals);
    const int status = parsed.action(runtime);
    flush_output();
    return status;
  } catch (const std::exception& error) {
    report_failure(globals, error.what());
    return 1;
  }
}
