// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/container_store.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/cli/cleanup.h"
#include "runtime/cli/create_container.h"
#include "runtime/cli/remove_container.h"
#include "runtime/oci/spec.h"

using namespace kata;
using namespace kata::cli;

namespace {

ContainerRecord some_record(const ContainerStore& store, const std::string& id) {
  ContainerRecord record;
  record.id = id;
  record.bundle = "/bundle";
  record.rootfs = "/bundle/rootfs";
  record.annotations = {{"k", "v"}};
  record.created = timestamp_now();
  record.owner = "root";
  record.sandbox_id = id;
  record.sandbox_dir = store.folder(id);
  record.complete = true;
  return record;
}

}  // namespace

TEST_CASE("an id is reserved once, and is no path", "[cli]") {
  const TempDir dir;
  const ContainerStore store(dir.path() + "/state");
  store.reserve("c1");
  CHECK_THROWS_WITH(store.reserve("c1"), "container with id exists: c1");
  CHECK_THROWS_AS(store.reserve("a/b"), Error);
  CHECK_THROWS_AS(store.find("../x"), Error);
  CHECK_THROWS_WITH(store.get("none"), "container \"none\" does not exist");
}

TEST_CASE("a record is what was saved", "[cli]") {
  const TempDir dir;
  const ContainerStore store(dir.path());
  store.reserve("c1");
  CHECK_FALSE(store.find("c1"));
  ContainerRecord record = some_record(store, "c1");
  record.relay = {.pid = 12, .start_time = 34};
  store.save(record);
  const ContainerRecord read = store.get("c1");
  CHECK(read.annotations == record.annotations);
  CHECK(read.relay.pid == 12);
  CHECK(read.relay.start_time == 34);
  CHECK(read.created == record.created);
  CHECK(store.ids() == std::vector<std::string>{"c1"});
  write_file(store.folder("c1") + "/state.json", "{\"id\": 1}");
  CHECK_THROWS_WITH(store.get("c1"), Catch::Contains("delete --force c1"));
}

TEST_CASE("a process is known by its start time too", "[cli]") {
  const ProcessIdentity self = identify(::getpid());
  CHECK(is_alive(self));
  CHECK_FALSE(is_alive({.pid = self.pid, .start_time = self.start_time + 1}));
  CHECK_FALSE(is_alive({}));
  CHECK(wait_for_end({.pid = self.pid, .start_time = self.start_time + 1},
                     std::chrono::milliseconds(0)));
  CHECK_FALSE(wait_for_end(self, std::chrono::milliseconds(1)));
}

TEST_CASE("force removes what is half-made, unreadable or gone", "[cli]") {
  const TempDir dir;
  const ContainerStore store(dir.path());
  force_remove_container(store, "never-there");
  store.reserve("half");
  force_remove_container(store, "half");
  CHECK(store.ids().empty());
  store.reserve("broken");
  write_file(store.folder("broken") + "/state.json", "{");
  force_remove_container(store, "broken");
  CHECK(store.ids().empty());
  store.reserve("dead");
  store.save(some_record(store, "dead"));
  force_remove_container(store, "dead");
  force_remove_container(store, "dead");
  CHECK(store.ids().empty());
}

TEST_CASE("a pod's folder goes with its last container", "[cli]") {
  const TempDir dir;
  const ContainerStore store(dir.path());
  store.reserve("pod");
  store.save(some_record(store, "pod"));
  store.reserve("member");
  ContainerRecord member = some_record(store, "member");
  member.sandbox_id = "pod";
  member.sandbox_dir = store.folder("pod");
  store.save(member);
  clean_up(store, store.get("pod"));
  CHECK(store.is_reserved("pod"));
  CHECK_FALSE(store.find("pod"));
  clean_up(store, member);
  CHECK(store.ids().empty());
}

TEST_CASE("the host's network is refused with the reason", "[cli]") {
  grpc::Spec spec;
  CHECK_THROWS_WITH(check_network(spec), Catch::Contains("--net=host"));
  grpc::LinuxNamespace* network = spec.mutable_linux()->add_namespaces();
  network->set_type("network");
  CHECK_NOTHROW(check_network(spec));
  network->set_path("/proc/self/ns/net");
  CHECK_THROWS_WITH(check_network(spec), Catch::Contains("is the host's"));
  network->set_path("/run/netns/never-there");
  CHECK_THROWS_WITH(check_network(spec), Catch::Contains("is gone"));
}

TEST_CASE("terminals need a place to go to", "[cli]") {
  CHECK_THROWS_AS(check_console(true, "", false), Error);
  CHECK_THROWS_AS(check_console(false, "/s", false), Error);
  CHECK_NOTHROW(check_console(true, "/s", false));
  CHECK_NOTHROW(check_console(true, "", true));
  CHECK_NOTHROW(check_console(false, "", false));
}
