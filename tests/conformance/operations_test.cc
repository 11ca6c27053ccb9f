// SPDX-License-Identifier: Apache-2.0
//
// runtime.md: the state, the life cycle, the operations and their errors.
#include <catch2/catch.hpp>

#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "tests/conformance/fixtures.h"

using kata::CommandResult;
using kata::Json;
using kata::conformance::Bundle;
using kata::conformance::Container;
using kata::conformance::full;
using kata::conformance::life;
using kata::conformance::probe;
using kata::conformance::Refusal;
using kata::conformance::refusal_of;
using kata::conformance::runtime;

TEST_CASE("runtime.md, State: it has version, id, status and the bundle's absolute path") {
  const Json& state = life().states.at("create");
  REQUIRE(state.is_object());
  CHECK_THAT(state.at("ociVersion").get<std::string>(), Catch::StartsWith("1."));
  CHECK(state.at("id") == life().notes.at("id"));
  CHECK(state.at("status") == "created");
  CHECK(state.at("bundle") == life().notes.at("bundle"));
}

TEST_CASE("runtime.md, State: a created and a running container have the pid of a live process") {
  CHECK(std::to_string(life().states.at("create").at("pid").get<int>()) ==
        life().notes.at("pid file"));
  CHECK(life().states.at("start").at("pid") == life().states.at("create").at("pid"));
  CHECK(life().notes.at("pid is alive") == "yes");
}

TEST_CASE("runtime.md, State: the annotations of the configuration are in it") {
  const Json& annotations = full().created.at("annotations");
  CHECK(annotations.at("org.example.color") == "blue");
  CHECK(annotations.at("org.example.empty") == "");
}

TEST_CASE("runtime.md, State: a stopped container keeps id and bundle") {
  REQUIRE(full().stopped.is_object());
  CHECK(full().stopped.at("status") == "stopped");
  CHECK(full().stopped.at("id") == full().id);
  CHECK(full().stopped.at("bundle") == full().bundle);
}

TEST_CASE("runtime.md, Lifecycle: the program does not run before start") {
  CHECK(life().notes.at("output of created").empty());
}

TEST_CASE("runtime.md, Lifecycle: a change of config.json after create has no effect") {
  REQUIRE(life().status("start") == 0);
  CHECK(life().notes.at("output of started") == "started\n");
}

TEST_CASE("runtime.md, Query State: without an id it is an error") {
  CHECK(runtime({"state"}).status != 0);
}

TEST_CASE("runtime.md, Query State: of a container that does not exist it is an error") {
  CHECK(runtime({"state", "conformance-nobody"}).status != 0);
  CHECK(life().states.at("nobody: start").is_null());
}

TEST_CASE("runtime.md, Create: without an id it is an error") {
  Bundle bundle({"true"});
  bundle.write();
  CHECK(runtime({"create", "--bundle", bundle.path()}).status != 0);
  CHECK(runtime({"list", "--quiet"}).output.find(bundle.path()) == std::string::npos);
}

TEST_CASE("runtime.md, Create: without a bundle it is an error") {
  const CommandResult result = runtime({"create", "--bundle", "/no/such/bundle", "conformance-b"});
  CHECK(result.status != 0);
  CHECK(runtime({"state", "conformance-b"}).status != 0);
}

TEST_CASE("runtime.md, Create: an id that is taken is an error and changes nothing") {
  CHECK(life().status("create again") != 0);
  CHECK(life().after("create again") == "created");
  CHECK(life().states.at("create again").at("pid") == life().states.at("create").at("pid"));
}

TEST_CASE("runtime.md, Create: an invalid id is an error") {
  Bundle bundle({"true"});
  bundle.write();
  for (const char* id : {"with/slash", "../up", "with space", "..", "a\nb", ""}) {
    INFO("id '" << id << "'");
    CHECK(runtime({"create", "--bundle", bundle.path(), id}).status != 0);
  }
  CHECK(runtime({"list", "--quiet"}).output.find("with") == std::string::npos);
}

TEST_CASE("runtime.md, Create: afterwards the status is created") {
  CHECK(life().status("create") == 0);
  CHECK(life().after("create") == "created");
}

TEST_CASE("runtime.md, Start: without an id it is an error") {
  CHECK(runtime({"start"}).status != 0);
}

TEST_CASE("runtime.md, Start: of a container that does not exist it is an error") {
  CHECK(life().status("nobody: start") != 0);
}

TEST_CASE("runtime.md, Start: it runs the program, and the status is running") {
  CHECK(life().status("start") == 0);
  CHECK(life().after("start") == "running");
}

TEST_CASE("runtime.md, Start: of a running container it is an error without effect") {
  CHECK(life().status("start again") != 0);
  CHECK(life().after("start again") == "running");
  CHECK(life().notes.at("output of killed").find("started\ngot-term") == 0);
}

TEST_CASE("runtime.md, Start: of a stopped container it is an error without effect") {
  CHECK(life().status("stopped: start") != 0);
  CHECK(life().after("stopped: start") == "stopped");
}

TEST_CASE("runtime.md, Start: a configuration without a process is an error") {
  Bundle bundle({"true"});
  bundle.config.erase("process");
  CHECK(refusal_of(bundle).refused);
}

TEST_CASE("runtime.md, Create: a configuration without a process can be created") {
  Bundle bundle({"true"});
  bundle.config.erase("process");
  Container container(bundle);
  const CommandResult created = container.create();
  INFO(created.error_output);
  CHECK(created.status == 0);
}

TEST_CASE("runtime.md, Kill: without an id it is an error") {
  CHECK(runtime({"kill"}).status != 0);
}

TEST_CASE("runtime.md, Kill: of a container that does not exist it is an error") {
  CHECK(life().status("nobody: kill") != 0);
}

TEST_CASE("runtime.md, Kill: the process gets the signal") {
  CHECK(life().status("kill TERM") == 0);
  CHECK(life().notes.at("output of killed") == "started\ngot-term\ngot-term\ngot-term\n");
  CHECK(life().after("kill TERM") == "running");
}

TEST_CASE("runtime.md, Kill: of a stopped container it is an error without effect") {
  CHECK(life().status("stopped: kill") != 0);
  CHECK(life().after("stopped: kill") == "stopped");
}

TEST_CASE("runtime.md, Kill: when the process has ended the status is stopped") {
  CHECK(life().status("kill USR1") == 0);
  CHECK(life().notes.at("stops") == "yes");
}

TEST_CASE("runtime.md, Delete: without an id it is an error") {
  CHECK(runtime({"delete"}).status != 0);
}

TEST_CASE("runtime.md, Delete: of a container that does not exist it is an error") {
  CHECK(life().status("nobody: delete") != 0);
  CHECK(life().status("delete again") != 0);
}

TEST_CASE("runtime.md, Delete: of a running container it is an error without effect") {
  CHECK(life().status("delete running") != 0);
  CHECK(life().after("delete running") == "running");
}

TEST_CASE("runtime.md, Delete: of a created container it is an error without effect") {
  CHECK(life().status("created: delete") != 0);
}

TEST_CASE("runtime.md, Delete: it removes what create has made") {
  CHECK(life().status("delete") == 0);
  CHECK(life().after("delete") == "none");
  CHECK(life().notes.at("root") == "gone");
  const std::string path = "/kata-conformance/" + full().id;
  for (const char* controller : {"", "/cpu", "/memory", "/pids", "/devices", "/unified"}) {
    CHECK_FALSE(kata::path_exists("/sys/fs/cgroup" + std::string(controller) + path));
  }
}

TEST_CASE("runtime.md, Delete: it leaves what others have made") {
  CHECK(life().status("delete") == 0);
  CHECK(life().notes.at("kept") == "kept");
  CHECK(kata::path_exists(life().notes.at("bundle") + "/rootfs/bin/sh"));
}

TEST_CASE("runtime.md, Delete: the id can be used again") {
  CHECK(life().status("same id") == 0);
  CHECK(life().after("same id") == "created");
}

TEST_CASE("runtime.md, Errors: a start that fails leaves no running container") {
  const Refusal refusal = refusal_of(Bundle({"/no/such/program"}));
  INFO(refusal.words);
  CHECK(refusal.refused);
  CHECK(refusal.clean);
  CHECK_THAT(refusal.words, Catch::Contains("/no/such/program"));
}
