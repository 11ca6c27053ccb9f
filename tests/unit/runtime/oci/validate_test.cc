// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>

#include "runtime/base/error.h"
#include "runtime/oci/spec.h"

using namespace kata;
using namespace kata::oci;

namespace {

std::string error_after(const std::function<void(grpc::Spec&)>& change) {
  grpc::Spec spec = parse_config(default_spec_json(), "default");
  change(spec);
  try {
    validate_spec(spec);
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    return error.what();
  }
  return "valid";
}

}  // namespace

TEST_CASE("validate_spec names what is wrong", "[oci]") {
  using Spec = grpc::Spec;
  CHECK(error_after([](Spec&) {}) == "valid");
  CHECK(error_after([](Spec& s) { s.clear_version(); }) == "ociVersion is missing");
  CHECK(error_after([](Spec& s) { s.set_version("2.0.0"); }).find("only 1.x") != std::string::npos);
  CHECK(error_after([](Spec& s) { s.set_version("one"); }).find("is not a version") !=
        std::string::npos);
  CHECK(error_after([](Spec& s) { s.clear_process(); }) == "valid");  // `start` wants it
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->clear_args();
        }).starts_with("process.args is empty"));
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->set_cwd("tmp");
        }).starts_with("process.cwd is not"));
  CHECK(error_after([](Spec& s) { s.mutable_process()->clear_cwd(); }) == "process.cwd is missing");
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->add_env("NOVALUE");
        }).starts_with("process.env"));
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->mutable_rlimits(0)->set_soft(9999);
        }).find("above the hard one") != std::string::npos);
  CHECK(error_after([](Spec& s) { s.mutable_root()->clear_path(); }) == "root.path is missing");
  CHECK(error_after([](Spec& s) { s.clear_linux(); }).starts_with("linux is missing"));
  CHECK(error_after([](Spec& s) {
          s.mutable_mounts(2)->set_destination("dev");
        }).starts_with("mounts[2].destination"));
  CHECK(error_after([](Spec& s) {
          s.mutable_mounts(0)->set_source(std::string("a\0b", 3));
        }).find("zero byte") != std::string::npos);
  CHECK(error_after([](Spec& s) {
          s.mutable_linux()->add_namespaces()->set_type("pid");
        }).find("is there twice") != std::string::npos);
  CHECK(error_after([](Spec& s) {
          s.mutable_linux()->add_namespaces()->set_type("pids");
        }).find("unknown type \"pids\"") != std::string::npos);
  CHECK(error_after([](Spec& s) {
          s.mutable_hooks()->add_prestart()->set_path("hook");
        }).starts_with("hooks.prestart: path is not absolute"));
}

TEST_CASE("scheduling and clocks are checked before anything starts", "[oci]") {
  using Spec = grpc::Spec;
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->mutable_scheduler()->set_policy("SCHED_FIFO");
          s.mutable_process()->mutable_io_priority()->set_class_("IOPRIO_CLASS_IDLE");
        }) == "valid");
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->mutable_scheduler()->set_policy("SCHED_NONE");
        }).find("unknown policy") != std::string::npos);
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->mutable_scheduler()->set_policy("SCHED_RR");
          s.mutable_process()->mutable_scheduler()->add_flags("SCHED_FLAG_NONE");
        }).find("unknown flag") != std::string::npos);
  CHECK(error_after([](Spec& s) {
          s.mutable_process()->mutable_io_priority()->set_class_("IOPRIO_CLASS_BE");
          s.mutable_process()->mutable_io_priority()->set_priority(8);
        }).find("is not between 0 and 7") != std::string::npos);
  const auto offset = [](Spec& s) -> grpc::LinuxTimeOffset& {
    return (*s.mutable_linux()->mutable_time_offsets())["monotonic"];
  };
  CHECK(error_after([&](Spec& s) { offset(s).set_secs(1); }).find("a new time namespace") !=
        std::string::npos);
  CHECK(error_after([&](Spec& s) {
          offset(s).set_nanosecs(1000000000);
          s.mutable_linux()->add_namespaces()->set_type("time");
        }).find("a second or more") != std::string::npos);
}
