// SPDX-License-Identifier: Apache-2.0
#include "runtime/sandbox/process_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>

#include "runtime/base/scope_exit.h"

using namespace kata;

namespace {

using Limits = std::map<std::string, std::pair<rlim_t, rlim_t>>;  // type to soft and hard

Limits limits_of(const grpc::Process& process) {
  Limits found;
  for (const grpc::POSIXRlimit& limit : process.rlimits()) {
    CHECK(found.emplace(limit.type(), std::pair(limit.soft(), limit.hard())).second);
  }
  return found;
}

}  // namespace

TEST_CASE("limits that config.json leaves out are the caller's", "[process_limits]") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const ScopeExit restore([&] { ::setrlimit(RLIMIT_NOFILE, &before); });
  const rlimit lowered{before.rlim_max / 2 - 1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);

  grpc::Process process;
  sandbox::add_inherited_limits(process);
  const Limits limits = limits_of(process);
  CHECK(limits.size() == 16);
  const rlim_t most = 1 << 20;  // fs.nr_open in the guest
  CHECK(limits.at("RLIMIT_NOFILE") ==
        std::pair(std::min(lowered.rlim_cur, most), std::min(lowered.rlim_max, most)));
  rlimit stack{};
  REQUIRE(::getrlimit(RLIMIT_STACK, &stack) == 0);
  CHECK(limits.at("RLIMIT_STACK") == std::pair(stack.rlim_cur, stack.rlim_max));
}

TEST_CASE("limits that config.json names stay", "[process_limits]") {
  grpc::Process process;
  grpc::POSIXRlimit& own = *process.add_rlimits();
  own.set_type("RLIMIT_NOFILE");
  own.set_soft(7);
  own.set_hard(9);
  sandbox::add_inherited_limits(process);
  const Limits limits = limits_of(process);
  CHECK(limits.size() == 16);
  CHECK(limits.at("RLIMIT_NOFILE") == std::pair<rlim_t, rlim_t>(7, 9));
}
