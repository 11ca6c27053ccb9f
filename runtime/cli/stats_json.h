// SPDX-License-Identifier: Apache-2.0
//
// The agent's figures in the shape of runc's `events --stats`.
#pragma once

#include <string>

namespace grpc {
class StatsContainerResponse;
}

namespace kata::cli {

/// {"type":"stats","id":ID,"data":{cpu, memory, pids, blkio, hugetlb, network_interfaces}}
[[nodiscard]] std::string stats_event_json(const std::string& id,
                                           const grpc::StatsContainerResponse& stats);
/// {"type":TYPE,"id":ID}
[[nodiscard]] std::string event_json(const std::string& type, const std::string& id);

}  // namespace kata::cli
