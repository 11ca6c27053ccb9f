// SPDX-License-Identifier: Apache-2.0
#include "runtime/agent/container/launch_plan.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"

using namespace kata;
using namespace kata::agent;

namespace {

grpc::Spec small_spec() {
  grpc::Spec spec;
  spec.mutable_process()->add_args("sh");
  spec.mutable_process()->set_cwd("/");
  spec.mutable_root()->set_path("/rootfs/./x/");
  spec.mutable_linux()->add_namespaces()->set_type("mount");
  return spec;
}

launch::Plan plan_of(const grpc::Spec& spec) {
  return make_init_plan("c1", spec, nullptr, "/cg", false);
}

}  // namespace

TEST_CASE("a plan holds what the child needs and cleans its paths", "[plan]") {
  grpc::Spec spec = small_spec();
  spec.mutable_linux()->mutable_resources()->mutable_memory()->set_limit(5);
  spec.add_mounts()->set_destination("proc/../dev");
  const launch::Plan plan = plan_of(spec);
  CHECK(plan.root().path() == "/rootfs/x");
  CHECK(plan.mounts(0).destination() == "/dev");
  CHECK_FALSE(plan.linux().has_resources());
  CHECK(plan.shared_pidns() == -1);
}

TEST_CASE("a shared pid namespace replaces the spec's own", "[plan]") {
  grpc::Spec spec = small_spec();
  spec.mutable_linux()->add_namespaces()->set_type("pid");
  const launch::Plan plan = make_init_plan("c1", spec, nullptr, "/cg", true);
  CHECK(plan.linux().namespaces_size() == 1);
  CHECK(plan.shared_pidns() > 2);
}

TEST_CASE("bad specs are refused with the field's name", "[plan]") {
  grpc::Spec spec = small_spec();
  SECTION("no arguments") { spec.mutable_process()->clear_args(); }
  SECTION("a NUL in an argument") { spec.mutable_process()->add_args(std::string("a\0b", 3)); }
  SECTION("a relative root") { spec.mutable_root()->set_path("rootfs"); }
  SECTION("a path that is too long") {
    spec.mutable_linux()->add_masked_paths("/" + std::string(5000, 'x'));
  }
  SECTION("a namespace twice") { spec.mutable_linux()->add_namespaces()->set_type("mount"); }
  SECTION("an unknown namespace") { spec.mutable_linux()->add_namespaces()->set_type("moon"); }
  SECTION("no mount namespace") { spec.mutable_linux()->clear_namespaces(); }
  SECTION("a user namespace without mappings") {
    spec.mutable_linux()->add_namespaces()->set_type("user");
  }
  SECTION("a host name without a uts namespace") { spec.set_hostname("h"); }
  SECTION("an unknown limit") { spec.mutable_process()->add_rlimits()->set_type("RLIMIT_X"); }
  SECTION("a sysctl that climbs") { (*spec.mutable_linux()->mutable_sysctl())["net.../x"] = "1"; }
  SECTION("a device type") { spec.mutable_linux()->add_devices()->set_path("/dev/x"); }
  SECTION("a hook by a relative path") { spec.mutable_hooks()->add_prestart()->set_path("hook"); }
  SECTION("an oom score out of range") { spec.mutable_process()->set_oom_score_adj(1001); }
  try {
    plan_of(spec);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
  }
}
