// SPDX-License-Identifier: Apache-2.0
#include "health.pb.h"
#include "runtime/agent/rpc/services.h"

namespace kata::agent {

void add_health_rpc(wire::Server& server) {
  server.on_now<grpc::CheckRequest, grpc::HealthCheckResponse>(
      kHealthService, "Check", [](const grpc::CheckRequest&) {
        grpc::HealthCheckResponse response;
        response.set_status(grpc::HealthCheckResponse::SERVING);
        return response;
      });
  server.on_now<grpc::CheckRequest, grpc::VersionCheckResponse>(
      kHealthService, "Version", [](const grpc::CheckRequest&) {
        grpc::VersionCheckResponse response;
        response.set_grpc_version("0.0.1");  // of the protocol, as upstream's agent says
        response.set_agent_version(KATA_VERSION);
        return response;
      });
}

}  // namespace kata::agent
