// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/guest_spec.h"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/base/path.h"
#include "runtime/oci/mounts.h"
#include "runtime/sandbox/host_disks.h"
#include "runtime/sandbox/host_vfio.h"
#include "runtime/sandbox/shared_mount.h"
#include "runtime/sandbox/socket_relay.h"
#include "runtime/seccomp/seccomp_profile.h"

namespace kata::sandbox {
namespace {

constexpr long kTmpfsMagic = 0x01021994;  // TMPFS_MAGIC, linux/magic.h
constexpr std::uint64_t kDefaultShm = 64ULL << 20;

/// Namespaces that containers of one machine can have in common there.
const std::set<std::string_view> kSharable = {"ipc", "pid", "uts"};

/// Engines put a container's /dev/shm on a tmpfs of the host, a pod's containers on the same one.
/// Shared memory works only within one kernel, so the guest gets one of the same size.
void make_guest_shm(grpc::Mount& mount, const GuestView& view) {
  struct statfs status {};
  std::uint64_t size = kDefaultShm;
  if (::statfs(mount.source().c_str(), &status) == 0 && status.f_type == kTmpfsMagic &&
      status.f_blocks > 0) {
    size = static_cast<std::uint64_t>(status.f_blocks) * static_cast<std::uint64_t>(status.f_bsize);
  }
  mount.set_type("bind");
  mount.set_source(view.share_memory(mount.source(), size));
  mount.clear_options();
  for (const char* option : {"bind", "nosuid", "noexec", "nodev"}) mount.add_options(option);
}

void translate_bind(grpc::Mount& mount, int index, const GuestView& view) {
  const std::string destination = clean_path(mount.destination());
  if (oci::is_shared_memory(mount)) return make_guest_shm(mount, view);
  if (view.share_socket && is_unix_socket(mount.source())) {  // also /dev/log
    mount.set_source(view.share_socket(mount.source()));
    mount.set_type("bind");
    return;
  }
  if (oci::binds_kernel_path(mount)) {
    log::info("mount of a kernel file system is the guest's own source={} destination={}",
              mount.source(), destination);
    return;
  }
  Access access = oci::is_read_only_bind(mount) ? Access::read_only : Access::read_write;
  if (oci::is_recursively_read_only(mount)) access = Access::recursively_read_only;
  mount.set_source(view.share(mount.source(), volume_name(index, mount), access));
  mount.set_type("bind");
}

/// Podman's `--volume FOLDER:/PATH:O` and `--mount type=image`: the layers are folders of the host,
/// which puts them together. Options of the mount itself stay the guest's.
void translate_overlay(grpc::Mount& mount, int index, const GuestView& view) {
  std::string layers;
  google::protobuf::RepeatedPtrField<std::string> kept;
  for (const std::string& option : mount.options()) {
    const bool is_layers =
        option.find('=') != std::string::npos || option == "userxattr" || option == "volatile";
    if (is_layers) {
      layers += (layers.empty() ? "" : ",") + option;
    } else {
      *kept.Add() = option;
    }
  }
  *kept.Add() = "rbind";
  mount.set_source(view.share_overlay(layers, volume_name(index, mount)));
  mount.set_type("bind");
  mount.mutable_options()->Swap(&kept);
}

/// On a host with cgroup v1 Podman binds systemd's hierarchy into a container that systemd is to
/// run in, to be written to. In the guest that is the container's own group of cgroup v2.
void translate_systemd_cgroup(grpc::Spec& spec) {
  auto& mounts = *spec.mutable_mounts();
  bool found = false;
  for (int i = mounts.size() - 1; i >= 0; --i) {
    if (!oci::is_bind(mounts[i]) || clean_path(mounts[i].source()) != "/sys/fs/cgroup/systemd")
      continue;
    mounts.DeleteSubrange(i, 1);
    found = true;
  }
  if (!found) return;
  for (grpc::Mount& mount : mounts) {
    if (mount.type() != "cgroup") continue;
    for (std::string& option : *mount.mutable_options()) {
      if (option == "ro") option = "rw";
    }
  }
}

/// A device of the host that is bound to where it is. Podman without root may not make devices, and
/// asks for each in this way.
bool is_bound_device(const grpc::Mount& mount) {
  const std::string source = clean_path(mount.source());
  if (!oci::is_bind(mount) || source != clean_path(mount.destination())) return false;
  struct stat status {};
  return source.starts_with("/dev/") && ::stat(source.c_str(), &status) == 0 &&
         (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode));
}

/// `--privileged` of Podman without root: all that the host has, which is for the guest to put its
/// own in the place of, as with root. Such a container has no other sign of it than that nothing
/// is kept from it.
void translate_privileged_devices(grpc::Spec& spec) {
  grpc::Linux& linux_part = *spec.mutable_linux();
  if (!linux_part.masked_paths().empty() || !linux_part.readonly_paths().empty() ||
      !linux_part.seccomp().default_action().empty() || !linux_part.resources().devices().empty())
    return;
  auto& mounts = *spec.mutable_mounts();
  const auto bound = std::remove_if(mounts.begin(), mounts.end(), is_bound_device);
  if (bound == mounts.end()) return;
  mounts.erase(bound, mounts.end());
  grpc::LinuxDeviceCgroup& every = *linux_part.mutable_resources()->add_devices();
  every.set_allow(true);
  every.set_access("rwm");
}

/// The guest's kernel has none of the host's namespaces. The network one is the machine itself.
void translate_namespaces(grpc::Linux& linux_part, const GuestView& view) {
  google::protobuf::RepeatedPtrField<grpc::LinuxNamespace> kept;
  bool has_cgroup = false;
  for (const grpc::LinuxNamespace& space : linux_part.namespaces()) {
    if (space.type() == "network") continue;
    has_cgroup = has_cgroup || space.type() == "cgroup";
    grpc::LinuxNamespace* copy = kept.Add();
    copy->set_type(space.type());
    if (!space.path().empty() && !kSharable.contains(space.type())) {
      throw_error(Code::unimplemented,
                  "join {} namespace {}: it belongs to the host's kernel, and containers of one "
                  "machine share none; let each have its own, in a pod without an infra container "
                  "(podman pod create --infra=false)",
                  space.type(), space.path());
    }
    if (space.path().empty()) continue;
    if (const auto known = view.namespaces.find(space.type()); known != view.namespaces.end()) {
      copy->set_path(known->second);
    } else {
      log::info("namespace path has no meaning in the guest type={} path={}", space.type(),
                space.path());
    }
  }
  // Engines leave it out on hosts with cgroup v1. The guest has v2, and shows the container its own
  // group as the root: /proc/self/cgroup must say the same, for runtimes within it.
  if (!has_cgroup) kept.Add()->set_type("cgroup");
  linux_part.mutable_namespaces()->Swap(&kept);
}

/// startContainer hooks are programs of the container and run there; the others ran, or will run,
/// on the host.
void translate_hooks(grpc::Hooks& hooks) {
  const auto in_container = hooks.start_container();
  hooks.Clear();
  *hooks.mutable_start_container() = in_container;
}

/// Some 400 rules for three architectures are work of a tenth of a second in an emulated guest.
void compile_seccomp(grpc::LinuxSeccomp& profile) {
  profile.set_program(seccomp::compile_profile(profile));
  profile.clear_syscalls();
}

}  // namespace

grpc::LinuxResources guest_resources(const grpc::LinuxResources& resources) {
  grpc::LinuxResources result = resources;
  if (result.has_cpu()) {
    result.mutable_cpu()->clear_cpus();
    result.mutable_cpu()->clear_mems();
  }
  // The disks are the host's; see host_limits.h.
  result.clear_block_io();
  result.clear_network();
  return result;
}

grpc::Spec guest_spec(const grpc::Spec& host_spec, const std::string& container_id,
                      const GuestView& view) {
  grpc::Spec spec = host_spec;
  spec.mutable_root()->set_path(view.rootfs);
  translate_hooks(*spec.mutable_hooks());
  int index = 0;
  for (grpc::Mount& mount : *spec.mutable_mounts()) {
    if (oci::is_host_overlay(mount)) {
      translate_overlay(mount, index, view);
    } else if (oci::is_bind(mount)) {
      translate_bind(mount, index, view);
    }
    ++index;
  }
  translate_systemd_cgroup(spec);
  translate_privileged_devices(spec);
  grpc::Linux& linux_part = *spec.mutable_linux();
  translate_namespaces(linux_part, view);
  remove_vfio_devices(spec);
  mark_host_devices(spec);
  linux_part.set_cgroups_path("/kata/" + container_id);
  if (linux_part.has_resources())
    *linux_part.mutable_resources() = guest_resources(linux_part.resources());
  linux_part.clear_mount_label();
  if (!view.guest_seccomp) linux_part.clear_seccomp();
  if (!linux_part.seccomp().default_action().empty())
    compile_seccomp(*linux_part.mutable_seccomp());
  spec.mutable_process()->clear_apparmor_profile();
  spec.mutable_process()->clear_selinux_label();
  return spec;
}

}  // namespace kata::sandbox
