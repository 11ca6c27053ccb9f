// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/guest_devices.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <filesystem>
#include <string_view>

#include "oci.pb.h"
#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/wire/device_rules.h"

namespace kata::agent {
namespace {

namespace fs = std::filesystem;

/// File systems of their own, terminals, and the machine's channels to the host.
constexpr std::array<std::string_view, 9> kNotForContainers = {
    "pts", "shm", "mqueue", "hugepages", "console", "ptmx", "hvc", "vport", "ttyS"};

bool is_for_containers(std::string_view name) {
  for (const std::string_view other : kNotForContainers) {
    if (name.starts_with(other)) return false;
  }
  return true;
}

void add_device(grpc::Linux& linux_part, const std::string& path, const struct stat& status) {
  grpc::LinuxDevice& device = *linux_part.add_devices();
  device.set_path(path);
  device.set_type(S_ISBLK(status.st_mode) ? "b" : "c");
  device.set_major(major(status.st_rdev));
  device.set_minor(minor(status.st_rdev));
  device.set_file_mode(status.st_mode & 07777U);
  device.set_uid(status.st_uid);
  device.set_gid(status.st_gid);
}

/// All that the guest's kernel shows below /dev; links are made by whoever wants them.
void add_guest_devices(grpc::Linux& linux_part, const std::string& root) {
  std::error_code error;
  fs::recursive_directory_iterator it(root + "/dev", error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it.depth() == 0 && !is_for_containers(it->path().filename().string())) {
      it.disable_recursion_pending();
      continue;
    }
    struct stat status {};
    if (::lstat(it->path().c_str(), &status) != 0) continue;
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
      add_device(linux_part, it->path().string().substr(root.size()), status);
  }
}

bool guest_has(const grpc::LinuxDevice& device, const std::string& root) {
  return path_exists(fmt::format("{}/sys/dev/{}/{}:{}", root,
                                 device.type() == "b" ? "block" : "char", device.major(),
                                 device.minor()));
}

}  // namespace

void renumber_device(grpc::Spec& spec, const std::string& path, dev_t number) {
  for (grpc::LinuxDevice& device : *spec.mutable_linux()->mutable_devices()) {
    if (device.type() != "b" || clean_path(device.path()) != clean_path(path)) continue;
    for (grpc::LinuxDeviceCgroup& rule :
         *spec.mutable_linux()->mutable_resources()->mutable_devices()) {
      if (rule.type() != "b" || !rule.has_major() || rule.major() != device.major() ||
          !rule.has_minor() || rule.minor() != device.minor())
        continue;
      rule.set_major(major(number));
      rule.set_minor(minor(number));
    }
    device.set_major(major(number));
    device.set_minor(minor(number));
    return;
  }
}

void settle_devices(grpc::Spec& spec, const std::string& root) {
  grpc::Linux& linux_part = *spec.mutable_linux();
  if (wire::allows_every_device(linux_part.resources())) {
    linux_part.clear_devices();
    return add_guest_devices(linux_part, root);
  }
  for (const grpc::LinuxDevice& device : linux_part.devices()) {
    if (!device.must_exist() || guest_has(device, root)) continue;
    throw_error(
        Code::unimplemented,
        "device {} ({} {}:{}): the guest's kernel has no such device, and the host's do not "
        "go into a virtual machine; disks do, and what every kernel has (/dev/fuse, "
        "/dev/net/tun)",
        device.path(), device.type(), device.major(), device.minor());
  }
}

}  // namespace kata::agent
