// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/sandbox_place.h"

#include <array>
#include <optional>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/namespace_type.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

constexpr std::array<std::string_view, 4> kSharedTypes = {"network", "ipc", "pid", "uts"};

NamespaceIdentity identity_of(const ContainerRecord& record, std::string_view file) {
  if (!is_alive(record.relay)) return std::nullopt;
  return namespace_identity(fmt::format("/proc/{}/ns/{}", record.relay.pid, file));
}

std::vector<ContainerRecord> all_records(const ContainerStore& store) {
  std::vector<ContainerRecord> records;
  for (const std::string& id : store.ids()) {
    ignore_error(
        [&] {
          if (std::optional<ContainerRecord> record = store.find(id))
            records.push_back(*std::move(record));
        },
        "a folder that is no container's has no namespaces");
  }
  return records;
}

/// The sandbox of the container whose relay is in a namespace that the new one is to join; empty
/// when there is none.
std::string owner_sandbox(const grpc::Spec& spec, const ContainerStore& store) {
  std::string found;
  std::string found_by;
  std::optional<std::vector<ContainerRecord>> records;
  for (const std::string_view type : kSharedTypes) {
    const grpc::LinuxNamespace* space = oci::find_namespace(spec, type);
    const NamespaceIdentity wanted =
        space == nullptr ? std::nullopt : namespace_identity(space->path());
    if (!wanted) continue;
    if (!records) records = all_records(store);
    for (const ContainerRecord& record : *records) {
      if (identity_of(record, namespace_type(type)->file) != wanted) continue;
      if (!found.empty() && found != record.sandbox_id) {
        throw_error(Code::unimplemented,
                    "linux.namespaces: {} and {} are those of two virtual machines ({} and {}), "
                    "and a container is in one; name one container, or use a pod",
                    found_by, type, found, record.sandbox_id);
      }
      found = record.sandbox_id;
      found_by = type;
      break;
    }
  }
  return found;
}

/// A machine has one network. Forgetting another one that the engine has made would put the
/// container into a network that it was to be kept out of.
void check_same_network(const grpc::Spec& spec, const std::string& sandbox_id,
                        const ContainerStore& store) {
  // Any container of the machine will do: the first may have ended.
  NamespaceIdentity network;
  for (const ContainerRecord& record : all_records(store)) {
    if (record.sandbox_id == sandbox_id && !network) network = identity_of(record, "net");
  }
  if (!network) return;
  const grpc::LinuxNamespace* wanted = oci::find_namespace(spec, "network");
  if (wanted != nullptr && namespace_identity(wanted->path()) == network) return;
  throw_error(Code::unimplemented,
              "the container is to share namespaces with container {} but not its network, and a "
              "virtual machine has one; share the network too (--network=container:{}, or a pod "
              "with --share net)",
              sandbox_id, sandbox_id.substr(0, 12));
}

}  // namespace

oci::PodPlace sandbox_place(const grpc::Spec& spec, const std::string& container_id,
                            const ContainerStore& store) {
  oci::PodPlace place = oci::pod_place(spec, container_id);
  // A pod of Podman's without an infra container: its containers share nothing, and its id is none
  // of a container's.
  const auto manager = spec.annotations().find("io.container.manager");
  const bool is_podman = manager != spec.annotations().end() && manager->second == "libpod";
  if (is_podman && place.type == oci::ContainerType::pod_container &&
      !store.is_reserved(place.sandbox_id))
    place = {oci::ContainerType::single, container_id};
  if (place.type == oci::ContainerType::single) {
    const std::string owner = owner_sandbox(spec, store);
    if (!owner.empty()) place = {oci::ContainerType::pod_container, owner};
  }
  if (place.type == oci::ContainerType::pod_container)
    check_same_network(spec, place.sandbox_id, store);
  return place;
}

}  // namespace kata::cli
