// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/namespace_type.h"

#include <sys/stat.h>

namespace kata {

NamespaceIdentity namespace_identity(const std::string& path) noexcept {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return std::nullopt;
  return std::pair(status.st_dev, status.st_ino);
}

}  // namespace kata
