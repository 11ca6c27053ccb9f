// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/status.h"

#include "runtime/base/error.h"
#include "runtime/base/log.h"

namespace kata::cli {

std::optional<ShimClient> connect_shim(const ContainerRecord& record) {
  if (!is_alive(record.shim)) return std::nullopt;
  try {
    return std::optional<ShimClient>(std::in_place, record.sandbox_dir);
  } catch (const Error& error) {
    log::debug("no connection to the sandbox process id={} error=\"{}\"", record.id, error.what());
    return std::nullopt;
  }
}

ShimClient connect_running(const ContainerRecord& record) {
  std::optional<ShimClient> shim = connect_shim(record);
  if (!shim) {
    throw_error(Code::failed_precondition,
                "container not running: the sandbox process of {} has ended", record.id);
  }
  return *std::move(shim);
}

ContainerStatus query_status(const ContainerRecord& record) {
  std::optional<ShimClient> shim = connect_shim(record);
  if (!shim) return {};
  ContainerStatus status;
  try {
    status.status = shim->state(record.id);
  } catch (const Error& error) {
    if (error.code() == Code::not_found && !record.complete) {
      status.status = oci::Status::creating;
    } else if (error.code() != Code::not_found && error.code() != Code::unavailable) {
      throw;
    }
  }
  if (status.status != oci::Status::stopped) status.pid = record.relay.pid;
  return status;
}

oci::State oci_state(const ContainerRecord& record, const ContainerStatus& status) {
  return {.id = record.id,
          .status = status.status,
          .pid = status.pid,
          .bundle = record.bundle,
          .annotations = record.annotations};
}

}  // namespace kata::cli
