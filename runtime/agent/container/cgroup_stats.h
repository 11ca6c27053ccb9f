// SPDX-License-Identifier: Apache-2.0
//
// The figures of a cgroup v2 folder in the terms of the agent protocol, which are those of cgroup
// v1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace grpc {
class CgroupStats;
}

namespace kata::agent {

/// The number after `key` in a file of "key number" lines; 0 when it is not there.
[[nodiscard]] std::uint64_t flat_keyed_value(std::string_view text, std::string_view key);
/// Reads what is there below `folder`; the rest stays 0. Throws Error.
[[nodiscard]] grpc::CgroupStats read_cgroup_stats(const std::string& folder);

}  // namespace kata::agent
