// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/earlier_pod.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/signals.h"
#include "runtime/cli/cleanup.h"
#include "runtime/cli/remove_container.h"
#include "runtime/cli/status.h"
#include "runtime/oci/annotations.h"
#include "runtime/oci/bundle.h"

namespace kata::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// What engines give a container that is to stop, unless told otherwise.
constexpr milliseconds kTimeToStop = std::chrono::seconds(10);

/// As Podman and CRI-O pass it on: a number or a name.
int stop_signal(const ContainerRecord& record) {
  int signal = SIGTERM;
  const auto found = record.annotations.find("org.opencontainers.image.stopSignal");
  if (found == record.annotations.end()) return signal;
  ignore_error([&] { signal = signal_from_name(found->second); },
               "one that nobody knows is as good as none");
  return signal;
}

/// One that has joined by `--network=container:ID` is not of the pod, and nobody is about to start
/// it again.
bool is_of_pod(const ContainerStore& store, const std::string& member, const std::string& id) {
  bool is_member = false;
  ignore_error(
      [&] {
        const oci::Bundle bundle = oci::load_bundle(store.get(member).bundle);
        const oci::PodPlace place = oci::pod_place(bundle.spec, member);
        is_member = place.type == oci::ContainerType::pod_container && place.sandbox_id == id;
      },
      "what cannot be read is left alone");
  return is_member;
}

}  // namespace

void end_earlier_pod(const ContainerStore& store, const std::string& id) {
  if (!store.is_reserved(id) || store.find(id)) return;
  const std::vector<std::string> members = sharers(store, id, store.folder(id));
  if (!std::all_of(members.begin(), members.end(),
                   [&](const std::string& member) { return is_of_pod(store, member, id); }))
    return;
  std::vector<ContainerRecord> stopping;
  for (const std::string& member : members) {
    ignore_error(
        [&] {
          const std::optional<ContainerRecord> record = store.find(member);
          if (!record) return;
          std::optional<ShimClient> shim = connect_shim(*record);
          if (!shim) return;
          shim->kill({member, ""}, stop_signal(*record), false);
          stopping.push_back(*record);
        },
        "it has ended, or is ended below");
  }
  const auto deadline = steady_clock::now() + kTimeToStop;
  for (const ContainerRecord& record : stopping) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    ignore_error(
        [&] {
          if (std::optional<ShimClient> shim = connect_shim(record))
            shim->wait({record.id, ""}, std::max(left, milliseconds(1)));
        },
        "it has ended");
  }
  for (const std::string& member : members) {
    log::warn("a container ends, since the first of its pod is made again id={} pod={}", member,
              id);
    force_remove_container(store, member);
  }
}

}  // namespace kata::cli
