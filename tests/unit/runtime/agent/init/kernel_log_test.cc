// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/init/kernel_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <initializer_list>

#include "runtime/base/fd.h"
#include "runtime/base/io.h"

namespace {

using namespace kata;

/// One read(2) gives one record, as from /dev/kmsg.
std::optional<std::uint64_t> time_in(std::initializer_list<const char*> records) {
  int ends[2] = {};
  REQUIRE(::pipe2(ends, O_DIRECT | O_CLOEXEC) == 0);
  const UniqueFd read(ends[0]);
  const UniqueFd write(ends[1]);
  for (const char* record : records) write_all(write.get(), record);
  return agent::first_process_time("/proc/self/fd/" + std::to_string(read.get()));
}

}  // namespace

TEST_CASE("the kernel's log tells when the first process was run", "[agent]") {
  CHECK(time_in({"6,1,0,-;Linux version\n", "6,2,490123,-;Run /sbin/init as init process\n",
                 "7,3,490200,-;  with arguments:\n"}) == 490123U);
  CHECK_FALSE(time_in({"6,1,0,-;Linux version\n", "6,2,5,-;Running late\n"}));
  CHECK_FALSE(time_in({"6,1;Run /init as init process\n", "rubbish", "6,1,x,-;Run /init\n"}));
  CHECK_FALSE(time_in({}));
  CHECK_FALSE(agent::first_process_time("/nonexistent"));
}
