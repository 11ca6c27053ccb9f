// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/qmp_client.h"

#include <fcntl.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "scripted_transport.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

namespace {

struct Dialogue {
  asio::io_context io;
  std::shared_ptr<Script> script = std::make_shared<Script>(io);
  std::vector<std::string> events;
  QmpClient client{io.get_executor(), std::make_unique<ScriptedTransport>(script),
                   [this](const std::string& event, const Json&) { events.push_back(event); }};

  /// Runs one command; the answer's text, or "error: ...".
  std::string execute(std::string command,
                      std::chrono::milliseconds deadline = std::chrono::seconds(5)) {
    std::string outcome;
    io.restart();
    asio::co_spawn(io, client.run(), asio::detached);
    asio::co_spawn(
        io,
        [](QmpClient& qmp, std::string name, std::chrono::milliseconds limit, std::string& result,
           Script& its_script) -> asio::awaitable<void> {
          try {
            const Json answer = co_await qmp.execute(name, Json::object(), limit);
            result = answer.dump();
          } catch (const Error& error) {
            result = std::string("error: ") + error.what();
          }
          its_script.end();
        }(client, std::move(command), deadline, outcome, *script),
        asio::detached);
    io.run_for(std::chrono::seconds(10));
    return outcome;
  }
};

}  // namespace

TEST_CASE("capabilities are negotiated before the first command", "[qmp]") {
  Dialogue dialogue;
  CHECK(dialogue.execute("query-status") == "{}");
  REQUIRE(dialogue.script->commands.size() == 2);
  CHECK(dialogue.script->commands[0]["execute"] == "qmp_capabilities");
  CHECK(dialogue.script->commands[1]["execute"] == "query-status");
}

TEST_CASE("QEMU's error is passed on with its class", "[qmp]") {
  Dialogue dialogue;
  dialogue.script->answer = [](const Json& command) {
    return fmt::format(
        "{{\"id\": {}, \"error\": {{\"class\": \"DeviceNotFound\", \"desc\": \"Device 'x' not "
        "found\"}}}}\n",
        command.value("id", 0));
  };
  CHECK_THAT(dialogue.execute("device_del"), Contains("QMP device_del") &&
                                                 Contains("Device 'x' not found") &&
                                                 Contains("DeviceNotFound"));
}

TEST_CASE("events between answers reach their handler", "[qmp]") {
  Dialogue dialogue;
  dialogue.script->answer = [](const Json& command) {
    return fmt::format(
        "{{\"event\": \"STOP\", \"timestamp\": {{}}}}\n{{\"return\": 7, \"id\": {}}}\n",
        command.value("id", 0));
  };
  CHECK(dialogue.execute("stop") == "7");
  CHECK(dialogue.events == std::vector<std::string>{"STOP"});
}

TEST_CASE("no answer ends in time", "[qmp]") {
  Dialogue dialogue;
  dialogue.script->answer = [](const Json&) { return std::string(); };
  CHECK_THAT(dialogue.execute("cont", std::chrono::milliseconds(20)),
             Contains("no answer within 20 ms"));
}

TEST_CASE("a QEMU that goes away ends the commands that wait", "[qmp]") {
  Dialogue dialogue;
  dialogue.script->answer = [&](const Json&) {
    dialogue.script->end();
    return std::string();
  };
  CHECK_THAT(dialogue.execute("cont"), Contains("closed its QMP connection"));
  CHECK_THAT(dialogue.execute("cont"), Contains("QEMU has ended"));
}

TEST_CASE("what is no QMP ends the dialogue, not the process", "[qmp]") {
  Dialogue dialogue;
  const std::string bytes =
      GENERATE(std::string("[1, 2]\n"), std::string("{not json}\n"), std::string("\"x\"\n"),
               std::string("{\"error\": \"text\", \"id\": 1}\n"), std::string(2 << 20, 'x'),
               std::string(100000, '[') + "\n");
  dialogue.script->answer = [&](const Json&) { return bytes; };
  CHECK_THAT(dialogue.execute("cont"), Contains("error: "));
}

TEST_CASE("answers with strange ids are passed over", "[qmp]") {
  Dialogue dialogue;
  dialogue.script->answer = [](const Json& command) {
    return fmt::format(
        "{{\"return\": 1, \"id\": \"one\"}}\n{{\"return\": 2, \"id\": -1}}\n{{\"return\": 3, "
        "\"id\": 999}}\n"
        "{{\"return\": 4, \"id\": {}}}\n",
        command.value("id", 0));
  };
  CHECK(dialogue.execute("cont") == "4");
}

TEST_CASE("a descriptor goes with its command", "[qmp]") {
  Dialogue dialogue;
  const UniqueFd fd = open_file("/dev/null", O_RDONLY);
  asio::co_spawn(dialogue.io, dialogue.client.run(), asio::detached);
  asio::co_spawn(
      dialogue.io,
      [](Dialogue& d, int number) -> asio::awaitable<void> {
        co_await d.client.send_fd("tap0", number);
        d.script->end();
      }(dialogue, fd.get()),
      asio::detached);
  dialogue.io.run_for(std::chrono::seconds(5));
  CHECK(dialogue.script->fds == 1);
  CHECK(dialogue.script->commands.at(1)["arguments"]["fdname"] == "tap0");
}
