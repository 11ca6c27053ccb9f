// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/create.h"

#include <memory>

namespace kata::cli {

void describe_create_options(Verb& verb, CreateOptions& options) {
  verb.value("-b,--bundle", options.bundle, "Folder of config.json; default: the current one")
      .value("--pid-file", options.pid_file, "File for the pid that stands for the container")
      .value("--console-socket", options.console_socket, "Socket that gets the pty's master")
      .number("--preserve-fds", options.preserve_fds, "Accepted; descriptors stay on the host")
      .flag("--no-pivot", options.no_pivot, "Accepted: the guest has its own root")
      .flag("--no-new-keyring", options.no_new_keyring, "Accepted: the guest has its own keyrings");
}

void add_create(CommandLine& line) {
  const auto options = std::make_shared<CreateOptions>();
  Verb verb = line.verb("create", "Create a container");
  describe_create_options(verb, *options);
  verb.id(options->id);
  verb.run([options](Runtime& runtime) { return run_create(*options, runtime); });
}

int run_create(const CreateOptions& options, Runtime& runtime) {
  CreatedContainer created = create_container(options, runtime);
  created.relay.child().detach();  // the engine, a subreaper, becomes its parent
  return 0;
}

}  // namespace kata::cli
