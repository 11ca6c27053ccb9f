// SPDX-License-Identifier: Apache-2.0
//
// Scopes of systemd over a real dbus-daemon. Whoever has systemd's name on that bus is the test, so
// that it can fail as systemd seldom does.
#include "runtime/sandbox/systemd_scope.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "runtime/base/command.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/wire/dbus/connection.h"
#include "tests/support/require.h"

using namespace kata;
using namespace kata::sandbox;
using namespace kata::wire::dbus;

namespace {

constexpr auto kPatience = std::chrono::seconds(20);

/// A bus of one's own.
class Bus {
 public:
  Bus() {
    test::require_program("dbus-daemon");
    write_file(dir_.path() + "/bus.conf",
               "<busconfig><type>session</type><listen>unix:path=" + path() +
                   "</listen><auth>EXTERNAL</auth><policy context=\"default\">"
                   "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>"
                   "<allow own=\"*\"/><allow user=\"*\"/></policy></busconfig>");
    daemon_ = spawn({.argv = {"dbus-daemon", "--nofork", "--nopidfile", "--nosyslog",
                              "--config-file", dir_.path() + "/bus.conf"}});
    for (int tries = 0; tries < 500 && !path_exists(path()); ++tries) ::usleep(10000);
    REQUIRE(path_exists(path()));
  }
  [[nodiscard]] std::string path() const { return dir_.path() + "/bus"; }

 private:
  TempDir dir_;
  ChildProcess daemon_;
};

/// Answers calls under systemd's name with what `on_call` returns, a job's result after each start.
class Manager {
 public:
  using OnCall = std::function<Message(const Message&)>;
  Manager(const std::string& bus, OnCall on_call, std::string result)
      : connection_(bus, kPatience), result_(std::move(result)) {
    Writer name;
    name.string("org.freedesktop.systemd1");
    name.u32(0);
    connection_.call(to_bus("RequestName", "su", name.data()));
    thread_ = std::thread([this, on_call] {
      // Nobody says Quit when a check has failed before.
      ignore_error([&] { serve(on_call); }, "the test fails by what it missed");
    });
  }
  ~Manager() { thread_.join(); }

 private:
  void serve(const OnCall& on_call) {
    for (;;) {
      const Message message = connection_.receive();
      if (message.type != Type::call) continue;
      if (message.member == "Quit") return;
      Message answer = on_call(message);
      answer.reply_serial = message.serial;
      answer.destination = message.sender;
      if (answer.type == Type::call) answer.type = Type::result;
      connection_.send(answer);
      if (message.member == "StartTransientUnit" && answer.type == Type::result) {
        job_removed("/org/freedesktop/systemd1/job/8", "failed");  // somebody else's
        job_removed("/org/freedesktop/systemd1/job/9", result_);
      }
    }
  }

  void job_removed(const std::string& job, const std::string& result) {
    Writer body;
    body.u32(9);
    body.string(job);
    body.string("docker-1.scope");
    body.string(result);
    connection_.send({.type = Type::signal,
                      .path = "/org/freedesktop/systemd1",
                      .interface = "org.freedesktop.systemd1.Manager",
                      .member = "JobRemoved",
                      .signature = "uoss",
                      .body = body.data()});
  }

  Connection connection_;
  std::string result_;
  std::thread thread_;
};

Message job_answer() {
  Writer job;
  job.string("/org/freedesktop/systemd1/job/9");
  return {.signature = "o", .body = job.data()};
}

Message refusal(const std::string& name, const std::string& text) {
  Writer body;
  body.string(text);
  return {.type = Type::error, .error_name = name, .signature = "s", .body = body.data()};
}

void quit(const std::string& bus) {
  Connection(bus, kPatience)
      .send({.path = "/", .member = "Quit", .destination = "org.freedesktop.systemd1"});
}

const SystemdScope kScope = {.slice = "system.slice", .unit = "docker-1.scope"};

/// A process that is in a cgroup of systemd's, as far as its file tells.
struct Proc {
  Proc() {
    make_directories(dir.path() + "/42");
    write_file(dir.path() + "/42/cgroup",
               "3:cpu:/elsewhere\n1:name=systemd:/system.slice/docker-1.scope\n0::/unified\n");
  }
  TempDir dir;
};

}  // namespace

TEST_CASE("a scope is asked for with its slice and processes, delegated", "[systemd]") {
  const Bus bus;
  const Proc proc;
  std::map<std::string, std::string> properties;
  std::vector<std::uint32_t> pids;
  std::vector<std::string> calls;
  std::string path;
  {
    Manager manager(
        bus.path(),
        [&](const Message& call) -> Message {
          calls.push_back(call.member);
          if (call.member != "StartTransientUnit") return {};
          Reader body(call.body);
          CHECK(call.signature == "ssa(sv)a(sa(sv))");
          CHECK(body.string() == "docker-1.scope");
          CHECK(body.string() == "replace");
          const std::size_t end = body.begin_array(8);
          while (body.position() < end) {
            body.align(8);
            const std::string name = body.string();
            const std::string type = body.signature();
            if (type == "s") properties[name] = body.string();
            if (type == "b") properties[name] = body.u32() == 0 ? "no" : "yes";
            if (type != "au") continue;
            const std::size_t last = body.begin_array(4);
            while (body.position() < last) pids.push_back(body.u32());
          }
          return job_answer();
        },
        "done");
    path = start_scope(bus.path(), kScope, {42, 43}, proc.dir.path());
    quit(bus.path());
  }
  CHECK(path == "/system.slice/docker-1.scope");
  CHECK(calls == std::vector<std::string>{"Subscribe", "StartTransientUnit"});
  CHECK(properties["Slice"] == "system.slice");
  CHECK(properties["Delegate"] == "yes");
  CHECK(properties["DefaultDependencies"] == "no");
  CHECK(pids == std::vector<std::uint32_t>{42, 43});
}

TEST_CASE("a failed scope of the same name makes room for the new one", "[systemd]") {
  const Bus bus;
  const Proc proc;
  std::vector<std::string> calls;
  {
    Manager manager(
        bus.path(),
        [&](const Message& call) -> Message {
          calls.push_back(call.member);
          if (call.member != "StartTransientUnit") return {};
          return calls.size() > 2 ? job_answer()
                                  : refusal("org.freedesktop.systemd1.UnitExists", "is there");
        },
        "done");
    CHECK_NOTHROW(start_scope(bus.path(), kScope, {42}, proc.dir.path()));
    quit(bus.path());
  }
  CHECK(calls == std::vector<std::string>{"Subscribe", "StartTransientUnit", "ResetFailedUnit",
                                          "StartTransientUnit"});
}

TEST_CASE("what systemd refuses is an error with its words", "[systemd]") {
  const Bus bus;
  const Proc proc;
  {
    Manager manager(
        bus.path(),
        [](const Message& call) -> Message {
          if (call.member != "StartTransientUnit") return {};
          return refusal("org.freedesktop.DBus.Error.InvalidArgs", "Invalid slice name");
        },
        "done");
    CHECK_THROWS_WITH(start_scope(bus.path(), kScope, {42}, proc.dir.path()),
                      Catch::Contains("make the scope docker-1.scope in system.slice") &&
                          Catch::Contains("Invalid slice name"));
    quit(bus.path());
  }
  {
    Manager manager(
        bus.path(),
        [](const Message& call) {
          return call.member == "StartTransientUnit" ? job_answer() : Message();
        },
        "timeout");
    CHECK_THROWS_WITH(start_scope(bus.path(), kScope, {42}, proc.dir.path()),
                      Catch::Contains("ended as \"timeout\""));
    quit(bus.path());
  }
  CHECK_THROWS_WITH(start_scope(bus.path(), kScope, {42}, proc.dir.path()),
                    Catch::Contains("org.freedesktop.systemd1"));
}

TEST_CASE("limits are told in systemd's words, one that it lacks is left out", "[systemd]") {
  const Bus bus;
  grpc::LinuxResources resources;
  resources.mutable_cpu()->set_cpus("0-2,9");
  resources.mutable_block_io()->set_weight(500);
  std::string cpus;
  std::uint64_t weight = 0;
  {
    Manager manager(
        bus.path(),
        [&](const Message& call) -> Message {
          Reader body(call.body);
          CHECK(body.string() == "docker-1.scope");
          CHECK(body.u32() == 1);
          body.begin_array(8);
          const std::string name = body.string();
          const std::string type = body.signature();
          if (name == "AllowedCPUs" && type == "ay") {
            const std::size_t end = body.begin_array(1);
            while (body.position() < end) cpus += static_cast<char>(body.byte());
            return refusal("org.freedesktop.DBus.Error.PropertyReadOnly", "Cannot set property");
          }
          if (name == "IOWeight" && type == "t") weight = body.u64();
          return {};
        },
        "done");
    tell_limits(bus.path(), kScope, resources);
    quit(bus.path());
  }
  CHECK(cpus == std::string("\x07\x02"));
  CHECK(weight == 4950);
}

TEST_CASE("only a path in systemd's form names a scope", "[systemd]") {
  const auto scope = systemd_scope("a-b.slice:crio:abc");
  REQUIRE(scope);
  CHECK(scope->slice == "a-b.slice");
  CHECK(scope->unit == "crio-abc.scope");
  for (const char* path : {"", "/docker/abc", "docker:abc", "x:crio:abc", "a.slice:b:c:d"})
    CHECK_FALSE(systemd_scope(path));
}
