// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/process_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace kata::sandbox {
namespace {

constexpr rlim_t kMostOpenFiles = 1 << 20;  // fs.nr_open of a kernel that nobody has told otherwise

constexpr std::pair<std::string_view, __rlimit_resource> kTypes[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

bool names(const grpc::Process& process, std::string_view type) {
  return std::any_of(process.rlimits().begin(), process.rlimits().end(),
                     [&](const grpc::POSIXRlimit& limit) { return limit.type() == type; });
}

}  // namespace

void add_inherited_limits(grpc::Process& process) {
  for (const auto& [type, number] : kTypes) {
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
