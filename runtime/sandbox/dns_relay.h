// SPDX-License-Identifier: Apache-2.0
//
// Docker's embedded resolver listens on 127.0.0.11 inside the engine's network namespace. The
// guest's loopback is another one, so the agent listens there and the queries come through its
// connection to be asked on this side.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <string>

#include "oci.pb.h"
#include "runtime/base/fd.h"
#include "runtime/sandbox/agent_client.h"

namespace kata::sandbox {

/// The first 127.x.y.z nameserver in what the container gets as /etc/resolv.conf; empty when there
/// is none.
[[nodiscard]] std::string loopback_resolver(const grpc::Spec& spec);

/// Answers the guest's queries from `resolver`:53 in the network namespace until the agent's
/// connection ends. An agent without the service is not an error: names then do not resolve, which
/// one warning says.
asio::awaitable<void> relay_dns(std::shared_ptr<AgentClient> agent, UniqueFd network_namespace,
                                std::string resolver);

}  // namespace kata::sandbox
