// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/mounts.h"

#include <algorithm>

#include "runtime/base/path.h"

namespace kata::oci {

bool has_option(const grpc::Mount& mount, std::string_view wanted) {
  return std::find(mount.options().begin(), mount.options().end(), wanted) != mount.options().end();
}

bool is_bind(const grpc::Mount& mount) {
  return mount.type() == "bind" || mount.type() == "rbind" || has_option(mount, "bind") ||
         has_option(mount, "rbind");
}

bool is_read_only_bind(const grpc::Mount& mount) {
  return is_bind(mount) && (has_option(mount, "ro") || has_option(mount, "rro"));
}

bool is_recursively_read_only(const grpc::Mount& mount) {
  return is_bind(mount) && has_option(mount, "rro");
}

bool binds_kernel_path(const grpc::Mount& mount) {
  const std::string& source = mount.source();
  return is_bind(mount) &&
         (is_below(source, "/proc") || is_below(source, "/sys") || is_below(source, "/dev"));
}

bool is_shared_memory(const grpc::Mount& mount) {
  return is_bind(mount) && clean_path(mount.destination()) == "/dev/shm";
}

bool is_host_overlay(const grpc::Mount& mount) {
  return mount.type() == "overlay" &&
         std::any_of(mount.options().begin(), mount.options().end(),
                     [](const std::string& option) { return option.starts_with("lowerdir="); });
}

bool shows_host_path(const grpc::Mount& mount) {
  if (is_host_overlay(mount)) return true;
  return is_bind(mount) && !is_shared_memory(mount) && !binds_kernel_path(mount);
}

}  // namespace kata::oci
