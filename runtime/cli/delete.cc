// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/delete.h"

#include <memory>

#include "runtime/base/error.h"
#include "runtime/cli/remove_container.h"
#include "runtime/cli/status.h"

namespace kata::cli {

void add_delete(CommandLine& line) {
  const auto options = std::make_shared<DeleteOptions>();
  Verb verb = line.verb("delete", "Remove a container and all that is left of it");
  verb.flag("-f,--force", options->force, "Whatever it is doing; no error when there is none")
      .id(options->id);
  verb.run([options](Runtime& runtime) { return run_delete(*options, runtime); });
}

int run_delete(const DeleteOptions& options, Runtime& runtime) {
  if (options.force) {
    force_remove_container(runtime.store, options.id);
    return 0;
  }
  const std::optional<ContainerRecord> record = runtime.store.find(options.id);
  if (!record && runtime.store.is_reserved(options.id)) {
    throw_error(Code::failed_precondition,
                "container {} is half-made: `kata-runtime delete --force {}` removes it",
                options.id, options.id);
  }
  if (!record) throw_error(Code::not_found, "container \"{}\" does not exist", options.id);
  switch (const ContainerStatus status = query_status(*record); status.status) {
    case oci::Status::stopped:
      remove_container(runtime.store, *record);
      return 0;
    case oci::Status::created:
      force_remove_container(runtime.store, options.id);
      return 0;
    default:
      throw_error(Code::failed_precondition, "cannot delete container {} that is not stopped: {}",
                  options.id, oci::status_name(status.status));
  }
}

}  // namespace kata::cli
