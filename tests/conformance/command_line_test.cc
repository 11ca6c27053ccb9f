// SPDX-License-Identifier: Apache-2.0
//
// The command line that engines rely on: runc's, of which the specification says nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "tests/conformance/fixtures.h"

using kata::CommandResult;
using kata::Json;
using kata::parse_json;
using kata::conformance::Bundle;
using kata::conformance::Container;
using kata::conformance::life;
using kata::conformance::probe;
using kata::conformance::runtime;
using kata::conformance::setting;

namespace {

const CommandResult& call(const std::string& step) { return life().calls.at(step); }
const std::string& id() { return life().notes.at("id"); }

Json facts_of(const std::string& step) {
  INFO(step << ": " << call(step).error_output);
  REQUIRE(call(step).status == 0);
  return parse_json(call(step).output, step);
}

std::string environment_of(const Json& facts) {
  std::string text;
  for (const Json& variable : facts.at("env")) text += variable.get<std::string>() + "\n";
  return text;
}

}  // namespace

TEST_CASE("command line, create: --pid-file has the pid of the state, without a newline") {
  CHECK(life().notes.at("pid file") ==
        std::to_string(life().states.at("create").at("pid").get<int>()));
}

TEST_CASE("command line, create: --preserve-fds passes descriptors on") {
  Bundle bundle(probe());
  Container container(bundle);
  const kata::UniqueFd file = kata::open_file("/dev/null", O_RDONLY);
  REQUIRE(container.create({"--preserve-fds", "1"}, {{3, file.get()}}).status == 0);
  REQUIRE(container.start().status == 0);
  REQUIRE(container.wait_for("stopped"));
  CHECK(parse_json(container.output(), "facts").at("fds") == Json::array({0, 1, 2, 3}));
}

TEST_CASE("command line, exec: streams and status are the process's") {
  CHECK(call("exec").output == "out\n");
  CHECK(call("exec").error_output == "err\n");
  CHECK(call("exec").status == 23);
}

TEST_CASE("command line, exec: --user and --additional-gids are the process's") {
  const Json facts = facts_of("exec facts");
  CHECK(facts.at("uid") == 1000);
  CHECK(facts.at("gid") == 50);
  bool found = false;
  for (const Json& gid : facts.at("groups")) found = found || gid == 77;
  CHECK(found);
}

TEST_CASE("command line, exec: --cwd is the working folder") {
  CHECK(facts_of("exec facts").at("cwd") == "/tmp");
}

TEST_CASE("command line, exec: --env adds to the container's environment") {
  CHECK_THAT(environment_of(facts_of("exec facts")), Catch::Contains("ONE=1\n") &&
                                                         Catch::Contains("TWO=2\n") &&
                                                         Catch::Contains("PATH=/bin\n"));
}

TEST_CASE("command line, exec: --cap and --no-new-privs are the process's") {
  const Json facts = facts_of("exec facts");
  const auto bounding =
      std::stoull(facts.at("status").at("CapBnd").get<std::string>(), nullptr, 16);
  CHECK((bounding & 1ULL << 5) != 0);
  CHECK(facts.at("status").at("NoNewPrivs") == "1");
}

TEST_CASE("command line, exec: the process is in the container's namespaces") {
  const Json names = facts_of("exec facts").at("answers").at("list:/proc").at("names");
  bool found = false;
  for (const Json& name : names) found = found || name == "1";
  CHECK(found);
  CHECK(facts_of("exec facts").at("pid").get<int>() > 1);
}

TEST_CASE("command line, exec: a program that is missing is 255 or 127, and says so") {
  const CommandResult& result = call("exec missing");
  CHECK((result.status == 255 || result.status == 127 || result.status == 1));
  CHECK_THAT(result.error_output, Catch::Contains("no such file or directory"));
}

TEST_CASE("command line, exec: --tty without a terminal here is an error or gives a terminal") {
  const CommandResult& result = call("exec tty");
  if (result.status != 0) {
    CHECK_FALSE(result.error_output.empty());
  } else {
    CHECK(parse_json(result.output, "facts").at("ttys") == Json::array({true, true, true}));
  }
}

TEST_CASE("command line, exec: options behind the command are the command's") {
  CHECK(call("exec dashes").output == "--user -t\n");
}

TEST_CASE("command line, exec: --process takes all from the file") {
  const Json facts = facts_of("exec process");
  CHECK(facts.at("uid") == 5);
  CHECK(facts.at("gid") == 6);
  CHECK(facts.at("cwd") == "/bin");
  CHECK_THAT(environment_of(facts), Catch::Contains("FROM=file\n"));
}

TEST_CASE("command line, exec: --detach returns at once, the pid file names a process") {
  CHECK(call("exec detach").status == 0);
  CHECK_FALSE(life().notes.at("exec pid").empty());
  CHECK(life().notes.at("exec pid") != life().notes.at("pid file"));
  CHECK(call("exec detached").output == "detached\n");
}

TEST_CASE("command line, exec: in a stopped container it is an error") {
  CHECK(call("stopped: exec").status != 0);
}

TEST_CASE("command line, exec: in a created container it runs before the program does") {
  CHECK(call("created: exec").status == 7);
  CHECK(call("created: exec").output == "early\n");
  CHECK(life().after("created: exec") == "created");
  CHECK(life().notes.at("output of created").empty());
}

TEST_CASE("command line, ps: a table with a header and the processes") {
  CHECK(call("ps").status == 0);
  CHECK_THAT(call("ps").output, Catch::Contains("PID") && Catch::Contains("sleep 1000"));
}

TEST_CASE(
    "command line, ps: options of ps behind the id choose columns, an unknown one is an error") {
  CHECK(call("ps columns").status == 0);
  CHECK_THAT(call("ps columns").output,
             Catch::Contains("PID") && Catch::Contains("sleep 1000") && !Catch::Contains("TTY"));
  CHECK(call("ps unknown column").status != 0);
}

TEST_CASE("command line, ps: a created container has its waiting process") {
  CHECK(call("created: ps").status == 0);
  CHECK_THAT(call("created: ps").output, Catch::Contains("PID"));
}

TEST_CASE("command line, ps: json is an array of pids") {
  const Json pids = parse_json(call("ps json").output, "ps");
  REQUIRE(pids.is_array());
  REQUIRE_FALSE(pids.empty());
  for (const Json& pid : pids) CHECK(pid.is_number_integer());
}

TEST_CASE("command line, ps: another format is an error") { CHECK(call("ps wrong").status != 0); }

TEST_CASE("command line, list: a table, json and ids") {
  CHECK_THAT(call("list created").output, Catch::Contains(id()) && Catch::Contains("created"));
  CHECK_THAT(call("list").output, Catch::Contains(id()) && Catch::Contains("running"));
  CHECK_THAT(call("list quiet").output, Catch::Contains(id() + "\n"));
  bool found = false;
  for (const Json& container : parse_json(call("list json").output, "list")) {
    if (container.at("id") != id()) continue;
    found = true;
    CHECK(container.at("status") == "running");
    CHECK(container.at("bundle") == life().notes.at("bundle"));
  }
  CHECK(found);
}

TEST_CASE("command line, events: --stats is one JSON object of type stats") {
  const Json event = parse_json(call("events").output, "events");
  CHECK(event.at("type") == "stats");
  CHECK(event.at("id") == id());
  CHECK(event.at("data").at("pids").at("current").get<int>() > 0);
  CHECK(event.at("data").at("memory").at("usage").at("usage").get<long>() > 0);
}

TEST_CASE("command line, update: a new limit holds inside") {
  CHECK(call("update").status == 0);
  std::string limits;
  const Json facts = facts_of("updated");
  for (const Json& answer : facts.at("answers")) {
    limits += answer.value("data", "");
  }
  CHECK(limits == "77\n");
}

TEST_CASE("command line, pause and resume: the status follows, wrong transitions are errors") {
  CHECK(call("pause").status == 0);
  CHECK(life().after("pause") == "paused");
  CHECK(call("pause again").status != 0);
  CHECK(call("exec paused").status != 0);
  CHECK(call("resume").status == 0);
  CHECK(life().after("resume") == "running");
  CHECK(call("resume again").status != 0);
  CHECK(call("stopped: pause").status != 0);
  CHECK(call("stopped: resume").status != 0);
}

TEST_CASE(
    "command line, pause and resume: a created container can be paused, and starts only after") {
  CHECK(call("created: pause").status == 0);
  CHECK(life().after("created: pause") == "paused");
  CHECK(call("created: start paused").status != 0);
  CHECK(life().after("created: start paused") == "paused");
  CHECK(call("created: resume").status == 0);
  CHECK(life().after("created: resume") == "created");
}

TEST_CASE("command line, kill: numbers, names and SIGTERM by default, an unknown one is an error") {
  CHECK(call("kill 15").status == 0);
  CHECK(call("kill default").status == 0);
  CHECK(call("kill unknown").status != 0);
  CHECK(life().after("kill unknown") == "running");
}

TEST_CASE("command line, kill: --all of a stopped container is no error") {
  CHECK(call("stopped: kill all").status == 0);
}

TEST_CASE("command line, kill: --all reaches every process, delete --force of a running one") {
  Bundle bundle({"sh", "-c", "sleep 1000 & sleep 1000"});
  Container container(bundle);
  REQUIRE(container.create().status == 0);
  REQUIRE(container.start().status == 0);
  REQUIRE(container.call("exec", {"--detach"}, {"sleep", "1000"}).status == 0);
  CHECK(container.call("kill", {"--all"}, {"KILL"}).status == 0);
  CHECK(container.wait_for("stopped"));
  CHECK(container.call("delete", {"--force"}).status == 0);
  CHECK(container.status() == "none");
}

TEST_CASE("command line, delete: --force of a container that does not exist is no error") {
  CHECK(call("delete --force of nobody").status == 0);
}

TEST_CASE("command line, delete: a created container is removed") {
  CHECK(call("created: delete").status == 0);
  CHECK(life().after("created: delete") == "none");
}

TEST_CASE("command line, run: it waits, gives the status and deletes") {
  Bundle bundle({"sh", "-c", "echo from run; exit 11"});
  bundle.write();
  const CommandResult result = runtime({"run", "--bundle", bundle.path(), "conformance-run"});
  CHECK(result.output == "from run\n");
  CHECK(result.status == 11);
  CHECK(runtime({"state", "conformance-run"}).status != 0);
}

TEST_CASE("command line, run: --detach leaves it running, delete --force ends it") {
  Bundle bundle({"sleep", "1000"});
  Container container(bundle);
  CHECK(runtime({"run", "--detach", "--pid-file", bundle.path() + "/pid", "--bundle", bundle.path(),
                 container.id()})
            .status == 0);
  CHECK(container.status() == "running");
  CHECK_FALSE(kata::read_file_if_exists(bundle.path() + "/pid").value_or("").empty());
  CHECK(container.remove().status != 0);
  CHECK(container.call("delete", {"--force"}).status == 0);
  CHECK(container.status() == "none");
}

TEST_CASE("command line, global: --log with json has the error as msg") {
  const std::string log = setting("KATA_CONFORMANCE_FOLDER") + "/log.json";
  CHECK(runtime({"--log", log, "--log-format", "json", "start", "conformance-nobody"}).status != 0);
  std::istringstream lines(kata::read_file_if_exists(log).value_or(""));
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    const Json entry = parse_json(line, "log");
    found = found || (entry.value("level", "") == "error" && !entry.value("msg", "").empty());
  }
  CHECK(found);
}

TEST_CASE("command line, global: --version names the specification's version") {
  CHECK_THAT(runtime({"--version"}).output, Catch::Contains("spec: 1."));
}

TEST_CASE("command line, spec: it writes a config.json that create accepts") {
  Bundle bundle({"true"});
  REQUIRE(runtime({"spec", "--bundle", bundle.path()}).status == 0);
  bundle.config = kata::read_json_file(bundle.path() + "/config.json");
  CHECK(bundle.config.at("process").at("args").is_array());
  bundle.config["process"]["terminal"] = false;
  Container container(bundle);
  const CommandResult created = container.create();
  INFO(created.error_output);
  CHECK(created.status == 0);
}

TEST_CASE("command line, global: an unknown verb is an error") {
  CHECK(runtime({"no-such-verb"}).status != 0);
}
