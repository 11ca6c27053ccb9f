// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/disk_space.h"

#include <sys/statvfs.h>

namespace kata::pipeline {

std::string free_space_text(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return "free space unknown on " + path;
  const double free_mb =
      static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize) / 1e6;
  return fmt::format("{:.1f} MB free on {}", free_mb, path);
}

}  // namespace kata::pipeline
