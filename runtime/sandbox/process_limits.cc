// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/process_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <string_view>

#include "runtime/base/limit_names.h"

namespace kata::sandbox {
namespace {

constexpr rlim_t kMostOpenFiles = 1 << 20;  // fs.nr_open of a kernel that nobody has told otherwise

bool names(const grpc::Process& process, std::string_view type) {
  return std::any_of(process.rlimits().begin(), process.rlimits().end(),
                     [&](const grpc::POSIXRlimit& limit) { return limit.type() == type; });
}

}  // namespace

void add_inherited_limits(grpc::Process& process) {
  for (const auto& [type, number] : kLimitNames) {
    rlimit own{};
    if (names(process, type) || ::getrlimit(number, &own) != 0) continue;
    if (number == RLIMIT_NOFILE) {
      own.rlim_max = std::min(own.rlim_max, kMostOpenFiles);
      own.rlim_cur = std::min(own.rlim_cur, own.rlim_max);
    }
    grpc::POSIXRlimit& limit = *process.add_rlimits();
    limit.set_type(std::string(type));
    limit.set_soft(own.rlim_cur);
    limit.set_hard(own.rlim_max);
  }
}

}  // namespace kata::sandbox
