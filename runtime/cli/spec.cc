// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/spec.h"

#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/oci/spec.h"

namespace kata::cli {

void add_spec(CommandLine& line) {
  const auto options = std::make_shared<SpecOptions>();
  Verb verb = line.verb("spec", "Write a config.json to start from");
  verb.value("-b,--bundle", options->bundle, "Folder to write to; default: the current one")
      .flag("--rootless", options->rootless,
            "Accepted: a virtual machine needs no other config.json");
  verb.run([options](Runtime& runtime) { return run_spec(*options, runtime); });
}

int run_spec(const SpecOptions& options, Runtime&) {
  const std::string path = join_path(options.bundle.empty() ? "." : options.bundle, "config.json");
  if (path_exists(path)) {
    throw_error(Code::already_exists, "File {} exists. Remove it first", path);
  }
  write_file(path, oci::default_spec_json(), 0666);
  return 0;
}

}  // namespace kata::cli
