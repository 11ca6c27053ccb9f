// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/cleanup.h"

#include <unistd.h>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_mount.h"
#include "runtime/sandbox/host_cgroup.h"

namespace kata::cli {
namespace {

/// The sandbox process ends QEMU, virtiofsd and taps on SIGTERM; killed, it takes its children
/// along.
constexpr std::chrono::milliseconds kShimGrace = std::chrono::seconds(10);
constexpr std::chrono::milliseconds kCgroupGrace = std::chrono::seconds(5);

void remove_folder(const ContainerStore& store, const std::string& id) {
  sys::unmount_all_below(store.folder(id));
  store.remove(id);
}

}  // namespace

std::vector<std::string> sharers(const ContainerStore& store, const std::string& id,
                                 const std::string& sandbox_dir) {
  std::vector<std::string> found;
  for (const std::string& other_id : store.ids()) {
    if (other_id == id) continue;
    ignore_error(
        [&] {
          const auto other = store.find(other_id);
          if (other && other->sandbox_dir == sandbox_dir) found.push_back(other_id);
        },
        "a folder that is no container's shares nothing");
  }
  return found;
}

bool shares_sandbox(const ContainerStore& store, const ContainerRecord& record) {
  return !sharers(store, record.id, record.sandbox_dir).empty();
}

void clean_up(const ContainerStore& store, const ContainerRecord& record) {
  if (shares_sandbox(store, record)) {
    end_process(record.relay, std::chrono::milliseconds(0));
    if (record.sandbox_id != record.id) {
      remove_folder(store, record.id);
      return;
    }
    // The pod's first container is gone, but its folder is the others' too: the last of them
    // removes it.
    ignore_error([&] { ::unlink(join_path(store.folder(record.id), "state.json").c_str()); }, "");
    return;
  }
  end_process(record.shim, kShimGrace);
  end_process(record.relay, std::chrono::milliseconds(0));
  // The one place where the command line touches the host's cgroup: the sandbox process has ended
  // and may have been killed, QEMU with it.
  sandbox::HostCgroup::for_path(record.sandbox_cgroups_path, record.sandbox_id)
      .remove(kCgroupGrace);
  remove_folder(store, record.id);
  if (record.sandbox_id != record.id && store.is_reserved(record.sandbox_id) &&
      !store.find(record.sandbox_id)) {
    remove_folder(store, record.sandbox_id);
  }
}

void clean_up_folder(const ContainerStore& store, const std::string& id) {
  if (!sharers(store, id, store.folder(id)).empty()) return;
  remove_folder(store, id);
}

}  // namespace kata::cli
