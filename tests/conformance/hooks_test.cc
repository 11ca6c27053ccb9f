// SPDX-License-Identifier: Apache-2.0
//
// config.md, POSIX-platform Hooks, and their place in the life cycle of runtime.md.
#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/conformance/fixtures.h"
#include "tests/support/eventually.h"

using kata::CommandResult;
using kata::Json;
using kata::conformance::Bundle;
using kata::conformance::Container;
using kata::conformance::full;
using kata::test::eventually;

namespace {

/// What the hook `name` of full() was given.
Json given_to(const std::string& name) {
  for (const Json& hook : full().hooks) {
    if (hook.at("name") == name) return hook;
  }
  FAIL("the hook " << name << " has not run");
  return {};
}

Json state_given_to(const std::string& name) {
  return kata::parse_json(given_to(name).at("state").get<std::string>(), "the hook's input");
}

std::size_t place_of(const std::string& name) {
  for (std::size_t i = 0; i < full().hooks.size(); ++i) {
    if (full().hooks[i].at("name") == name) return i;
  }
  FAIL("the hook " << name << " has not run");
  return 0;
}

/// A hook that is the bundle's own probe, which notes that it was called as `name` and ends with
/// `status`.
Json noting(const Bundle& bundle, const std::string& name, int status) {
  return {{"path", bundle.rootfs() + "/bin/conformance-probe"},
          {"args", {"hook", "hook", bundle.path() + "/hooks", name, std::to_string(status)}}};
}

bool has_noted(const Bundle& bundle, const std::string& name) {
  return kata::read_file_if_exists(bundle.path() + "/hooks")
             .value_or("")
             .find("\"" + name + "\"") != std::string::npos;
}

}  // namespace

TEST_CASE("config.md, Hooks: prestart hooks are called in order") {
  CHECK(place_of("prestart1") < place_of("prestart2"));
}

TEST_CASE("config.md, Hooks: createRuntime hooks are called in order, after the prestart ones") {
  CHECK(place_of("prestart2") < place_of("createRuntime1"));
  CHECK(place_of("createRuntime1") < place_of("createRuntime2"));
}

TEST_CASE(
    "config.md, Hooks: startContainer hooks are called in the container, before its program") {
  CHECK(place_of("createRuntime2") < place_of("startContainer1"));
  CHECK(given_to("startContainer1").at("hostname") == "conformance-host");
}

TEST_CASE("config.md, Hooks: poststart hooks are called in order, after the program has started") {
  CHECK(place_of("createRuntime2") < place_of("poststart1"));
  CHECK(place_of("poststart1") < place_of("poststart2"));
}

TEST_CASE("config.md, Hooks: poststop hooks are called in order, after delete") {
  CHECK(place_of("poststart2") < place_of("poststop1"));
  CHECK(place_of("poststop1") < place_of("poststop2"));
}

TEST_CASE("config.md, Hooks: the state is on their standard input") {
  for (const char* name : {"prestart1", "createRuntime1", "poststart1", "poststop1"}) {
    INFO(name);
    const Json state = state_given_to(name);
    CHECK(state.at("id") == full().id);
    CHECK(state.at("bundle") == full().bundle);
    CHECK_THAT(state.at("ociVersion").get<std::string>(), Catch::StartsWith("1."));
    CHECK(state.at("annotations").at("org.example.color") == "blue");
  }
}

TEST_CASE("config.md, Hooks: the state names the status of their moment") {
  CHECK(state_given_to("createRuntime1").at("status") == "creating");
  CHECK(state_given_to("poststart1").at("status") == "running");
  CHECK(state_given_to("poststop1").at("status") == "stopped");
}

TEST_CASE("config.md, Hooks: the state on the input of a startContainer hook is created") {
  const Json state = state_given_to("startContainer1");
  CHECK(state.at("id") == full().id);
  CHECK(state.at("status") == "created");
}

TEST_CASE("config.md, Hooks: args and env are the configured ones") {
  const Json hook = given_to("createRuntime2");
  CHECK(hook.at("args").at(0) == "the-hook");
  CHECK(hook.at("args").at(3) == "createRuntime2");
  CHECK(hook.at("env").at(0) == "HOOK=createRuntime2");
  CHECK(hook.at("env").size() == 2);
}

TEST_CASE("config.md, Hooks: createContainer hooks are called") {
  Bundle bundle({"true"});
  bundle.config["hooks"]["createContainer"].push_back(noting(bundle, "createContainer", 0));
  Container container(bundle);
  const CommandResult created = container.create();
  INFO(created.error_output);
  CHECK(created.status == 0);
  CHECK(has_noted(bundle, "createContainer"));
}

TEST_CASE("config.md, Hooks: a createContainer hook is called or refused, never forgotten") {
  Bundle bundle({"true"});
  bundle.config["hooks"]["createContainer"].push_back(noting(bundle, "createContainer", 0));
  Container container(bundle);
  const bool created = container.create().status == 0;
  CHECK(created == has_noted(bundle, "createContainer"));
}

TEST_CASE("config.md, Hooks: a path that is not absolute is an error") {
  Bundle bundle({"true"});
  bundle.config["hooks"]["createRuntime"].push_back({{"path", "bin/true"}});
  CHECK(kata::conformance::refusal_of(bundle).refused);
}

TEST_CASE("config.md, Hooks: a timeout that is not above zero is an error") {
  Bundle bundle({"true"});
  for (const int timeout : {0, -1}) {
    INFO("timeout " << timeout);
    Json hook = noting(bundle, "hook", 0);
    hook["timeout"] = timeout;
    bundle.config["hooks"]["createRuntime"] = Json::array({hook});
    CHECK(kata::conformance::refusal_of(bundle).refused);
  }
}

TEST_CASE("config.md, Hooks: one that exceeds its timeout is an error") {
  Bundle bundle({"true"});
  bundle.config["hooks"]["createRuntime"].push_back(
      {{"path", bundle.rootfs() + "/bin/sleep"}, {"args", {"sleep", "30"}}, {"timeout", 1}});
  Container container(bundle);
  const auto before = std::chrono::steady_clock::now();
  CHECK(container.create().status != 0);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(20));
  CHECK(container.status() == "none");
}

TEST_CASE("runtime.md, Lifecycle: a createRuntime hook that fails ends create, and poststop runs") {
  Bundle bundle({"true"});
  bundle.config["hooks"]["createRuntime"].push_back(noting(bundle, "createRuntime", 3));
  bundle.config["hooks"]["poststop"].push_back(noting(bundle, "poststop", 0));
  Container container(bundle);
  CHECK(container.create().status != 0);
  CHECK(has_noted(bundle, "createRuntime"));
  CHECK(container.status() == "none");
  CHECK(has_noted(bundle, "poststop"));
}

TEST_CASE(
    "runtime.md, Lifecycle: a startContainer hook that fails keeps the program from running") {
  Bundle bundle({"echo", "has run"});
  bundle.config["hooks"]["startContainer"].push_back(
      {{"path", "/bin/sh"}, {"args", {"sh", "-c", "exit 3"}}});
  Container container(bundle);
  REQUIRE(container.create().status == 0);
  CHECK(container.start().status != 0);
  CHECK(container.wait_for("stopped"));
  CHECK(container.output().empty());
  CHECK(container.remove().status == 0);
}

TEST_CASE("runtime.md, Lifecycle: poststart and poststop hooks that fail are warnings") {
  Bundle bundle({"sleep", "1000"});
  for (const char* kind : {"poststart", "poststop"}) {
    bundle.config["hooks"][kind] =
        Json::array({noting(bundle, kind + std::string("1"), 3), noting(bundle, kind, 0)});
  }
  Container container(bundle);
  const CommandResult created = container.create();
  INFO(created.error_output);
  REQUIRE(created.status == 0);
  CHECK(container.start().status == 0);
  CHECK(container.status() == "running");
  CHECK(has_noted(bundle, "poststart"));
  CHECK(container.call("kill", {}, {"KILL"}).status == 0);
  CHECK(container.wait_for("stopped"));
  CHECK(container.remove().status == 0);
  CHECK(container.status() == "none");
  CHECK(has_noted(bundle, "poststop"));
}
