// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/annotations.h"

#include <catch2/catch.hpp>
#include <map>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::oci;

namespace {

PodPlace place_of(const std::map<std::string, std::string>& annotations) {
  grpc::Spec spec;
  spec.mutable_annotations()->insert(annotations.begin(), annotations.end());
  return pod_place(spec, "c1");
}

}  // namespace

TEST_CASE("annotations of the engines tell a container's place in its pod", "[oci]") {
  CHECK(place_of({}).type == ContainerType::single);
  CHECK(place_of({}).sandbox_id == "c1");
  CHECK(place_of({{"io.kubernetes.cri.container-type", "sandbox"},
                  {"io.kubernetes.cri.sandbox-id", "c1"}})
            .type == ContainerType::pod_sandbox);
  const PodPlace containerd = place_of(
      {{"io.kubernetes.cri.container-type", "container"}, {"io.kubernetes.cri.sandbox-id", "pod"}});
  CHECK(containerd.type == ContainerType::pod_container);
  CHECK(containerd.sandbox_id == "pod");
  const PodPlace crio = place_of({{"io.kubernetes.cri-o.ContainerType", "container"},
                                  {"io.kubernetes.cri-o.SandboxID", "pod"}});
  CHECK(crio.sandbox_id == "pod");
}

TEST_CASE("bad pod annotations are refused", "[oci]") {
  CHECK_THROWS_AS(place_of({{"io.kubernetes.cri.container-type", "vm"}}), Error);
  CHECK_THROWS_AS(place_of({{"io.kubernetes.cri.container-type", "container"}}), Error);
  CHECK_THROWS_AS(place_of({{"io.kubernetes.cri.container-type", "container"},
                            {"io.kubernetes.cri.sandbox-id", "../../etc"}}),
                  Error);
}
