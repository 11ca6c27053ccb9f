// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/remove_container.h"

#include <signal.h>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/cli/cleanup.h"
#include "runtime/cli/process_identity.h"
#include "runtime/cli/status.h"
#include "runtime/oci/bundle.h"
#include "runtime/oci/hooks.h"

namespace kata::cli {
namespace {

constexpr std::chrono::milliseconds kEndOfContainer = std::chrono::seconds(10);
constexpr std::chrono::milliseconds kEndOfShim = std::chrono::seconds(10);

/// The sandbox process runs these hooks when it deletes a container; one that has died cannot.
void run_poststop_hooks(const ContainerRecord& record) {
  ignore_error(
      [&] {
        const oci::Bundle bundle = oci::load_bundle(record.bundle);
        RealCommandRunner runner;
        oci::run_hooks_leniently(runner, bundle.spec.hooks().poststop(),
                                 oci::state_json(oci_state(record, {})), "poststop");
      },
      "the engine may have removed the bundle before");
}

/// Whether the sandbox process was there to do it.
bool remove_in_sandbox(const ContainerStore& store, const ContainerRecord& record) {
  std::optional<ShimClient> shim = connect_shim(record);
  if (!shim) return false;
  try {
    shim->remove({record.id, ""});
  } catch (const Error& error) {
    if (error.code() == Code::unavailable) return false;
    if (error.code() != Code::not_found) throw;
  }
  if (!shares_sandbox(store, record)) {
    ignore_error([&] { shim->shut_down(record.id); }, "it may end before it answers");
    if (!wait_for_end(record.shim, kEndOfShim)) {
      log::warn("the sandbox process does not end and is killed id={} pid={}", record.id,
                record.shim.pid);
    }
  }
  return true;
}

/// Whether its sandbox process does anything at all: it tells the state of a container by itself.
bool answers(const ContainerRecord& record) {
  std::optional<ShimClient> shim = connect_shim(record);
  if (!shim) return false;
  try {
    static_cast<void>(shim->state(record.id));
  } catch (const Error& error) {
    if (error.code() != Code::deadline_exceeded) return true;
    log::warn("the sandbox process does not answer id={} pid={}", record.id, record.shim.pid);
    return false;
  }
  return true;
}

void kill_in_sandbox(const ContainerRecord& record) {
  std::optional<ShimClient> shim = connect_shim(record);
  if (!shim) return;
  const ProcessName init{record.id, ""};
  ignore_error([&] { shim->kill(init, SIGKILL, true); }, "it may have ended already");
  ignore_error([&] { shim->wait(init, kEndOfContainer); }, "the sandbox process may not know it");
}

}  // namespace

void remove_container(const ContainerStore& store, const ContainerRecord& record) {
  if (!remove_in_sandbox(store, record)) run_poststop_hooks(record);
  clean_up(store, record);
}

void force_remove_container(const ContainerStore& store, const std::string& id) {
  std::optional<ContainerRecord> record;
  ignore_error([&] { record = store.find(id); }, "an unreadable state.json is what --force is for");
  if (!record) {
    if (store.is_reserved(id)) clean_up_folder(store, id);
    return;
  }
  bool removed = false;
  if (answers(*record)) {
    kill_in_sandbox(*record);
    ignore_error([&] { removed = remove_in_sandbox(store, *record); },
                 "what is left is removed below");
  } else if (!shares_sandbox(store, *record)) {
    end_process(record->shim, std::chrono::milliseconds(0));  // deaf to requests, to SIGTERM, too
  }
  if (!removed) run_poststop_hooks(*record);
  clean_up(store, *record);
}

}  // namespace kata::cli
