// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/hooks.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::oci;

namespace {

grpc::Hook shell(const std::string& script) {
  grpc::Hook hook;
  hook.set_path("/bin/sh");
  for (const std::string& arg : {std::string("my-own-name"), std::string("-c"), script})
    hook.add_args(arg);
  return hook;
}

}  // namespace

TEST_CASE("a hook gets the state, its own argv[0] and its environment", "[oci]") {
  const TempDir dir;
  const std::string out = dir.path() + "/out";
  grpc::Hook hook = shell("read -r state; echo \"$state $0 $WHERE\" > " + out);
  hook.add_env("WHERE=here");
  RealCommandRunner runner;
  run_hook(runner, hook, "{\"id\":\"c1\"}\n");
  CHECK(read_file(out) == "{\"id\":\"c1\"} my-own-name here\n");
}

TEST_CASE("a failing hook is an error with its output, and ends the list", "[oci]") {
  const TempDir dir;
  Hooks hooks;
  *hooks.Add() = shell("echo because >&2; exit 3");
  *hooks.Add() = shell("touch " + dir.path() + "/second");
  RealCommandRunner runner;
  CHECK_THROWS_WITH(run_hooks(runner, hooks, "{}", "prestart"),
                    "prestart hook #0: /bin/sh ended with exit status 3: because");
  CHECK_FALSE(path_exists(dir.path() + "/second"));
  run_hooks_leniently(runner, hooks, "{}", "poststop");
  CHECK(path_exists(dir.path() + "/second"));
}

TEST_CASE("a hook is ended at its timeout, and a missing one is an error", "[oci]") {
  RealCommandRunner runner;
  grpc::Hook slow = shell("sleep 20");
  slow.set_timeout(1);
  CHECK_THROWS_WITH(run_hook(runner, slow, "{}"), Catch::Contains("killed"));
  grpc::Hook missing;
  missing.set_path("/nonexistent/hook");
  missing.add_args("hook");
  CHECK_THROWS_AS(run_hook(runner, missing, "{}"), Error);
}
