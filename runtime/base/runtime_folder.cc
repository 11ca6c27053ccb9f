// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/runtime_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata {
namespace {

/// Whether the first user namespace's ids are this one's: "0 0 4294967295".
bool maps_all_users(const std::string& uid_map) {
  std::istringstream fields(uid_map);
  unsigned long long inside = 1;
  unsigned long long outside = 1;
  unsigned long long count = 0;
  fields >> inside >> outside >> count;
  return inside == 0 && outside == 0 && count == 4294967295ULL;
}

}  // namespace

bool is_rootless(const std::string& proc) {
  if (::geteuid() != 0) return true;
  std::string uid_map;
  ignore_error([&] { uid_map = read_file_if_exists(join_path(proc, "self/uid_map")).value_or(""); },
               "a kernel without user namespaces");
  return !uid_map.empty() && !maps_all_users(uid_map);
}

std::string runtime_folder(std::string_view name) {
  const char* folder = std::getenv("XDG_RUNTIME_DIR");
  const bool own = folder != nullptr && *folder == '/' && is_rootless();
  return join_path(own ? folder : "/run", name);
}

}  // namespace kata
