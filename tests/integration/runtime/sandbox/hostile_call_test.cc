// SPDX-License-Identifier: Apache-2.0
//
// What each call of the sandbox becomes when the agent does to it what no agent should: an Error
// that names the call and its container, at once or when its deadline has passed, and a host that
// is afterwards as it was.
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "runtime/base/sys_mount.h"
#include "sandbox_bench.h"
#include "tests/integration/runtime/network/scratch_namespace.h"

using namespace kata;
using namespace kata::test;
using Catch::Matchers::Contains;

namespace {

/// One call to the agent: how the sandbox comes to make it, and what the Error must name.
struct Call {
  std::string method;
  std::function<Outcome(SandboxBench&)> make;
  std::string subject{};
};

Outcome started(SandboxBench& bench) {
  const Outcome created = bench.create();
  return created.code == Code::ok ? bench.start() : created;
}

/// `next` in a container that runs.
std::function<Outcome(SandboxBench&)> when_started(std::function<Outcome(SandboxBench&)> next) {
  return [next = std::move(next)](SandboxBench& bench) {
    const Outcome before = started(bench);
    return before.code == Code::ok ? next(bench) : before;
  };
}

const std::vector<Call>& calls() {
  static const std::vector<Call> kCalls = {
      {"CreateSandbox", [](SandboxBench& b) { return b.create(); }},
      {"SetGuestDateTime", [](SandboxBench& b) { return b.create(); }},
      {"ReseedRandomDev", [](SandboxBench& b) { return b.create(); }},
      {"CreateContainer", [](SandboxBench& b) { return b.create(); }, "container c1"},
      {"StartContainer", started, "container c1"},
      {"ExecProcess", when_started([](SandboxBench& b) { return b.exec("c1", "e1"); }),
       "process e1 of container c1"},
      {"SignalProcess",
       when_started([](SandboxBench& b) { return b.run(b.sandbox().kill("c1", "", 15, false)); }),
       "container c1"},
      {"PauseContainer",
       when_started([](SandboxBench& b) { return b.run(b.sandbox().pause("c1")); }),
       "container c1"},
      {"ResumeContainer", when_started([](SandboxBench& b) {
         const Outcome paused = b.run(b.sandbox().pause("c1"));
         return paused.code == Code::ok ? b.run(b.sandbox().resume("c1")) : paused;
       }),
       "container c1"},
      {"UpdateContainer", when_started([](SandboxBench& b) { return b.update(1 << 20); }),
       "container c1"},
      {"OnlineCPUMem",
       when_started([](SandboxBench& b) { return b.update(std::int64_t{8} << 30); })},
      {"MemHotplugByProbe",
       when_started([](SandboxBench& b) { return b.update(std::int64_t{8} << 30); })},
      {"StatsContainer",
       when_started([](SandboxBench& b) { return b.run(b.sandbox().stats("c1")); }),
       "container c1"},
      {"ListProcesses",
       when_started([](SandboxBench& b) { return b.run(b.sandbox().processes("c1")); }),
       "container c1"},
      {"TtyWinResize",
       [](SandboxBench& b) {
         Outcome before = b.create("c1", sandbox::StdioFds(), true);
         if (before.code == Code::ok) before = b.start();
         return before.code == Code::ok ? b.run(b.sandbox().resize("c1", "", 24, 80)) : before;
       },
       "container c1"},
  };
  return kCalls;
}

/// Whether the answer has a message to decode; the others' answers have nothing that is looked at.
bool has_message(const std::string& method) {
  return method == "StatsContainer" || method == "ListProcesses";
}

/// Makes the call under attack and then ends the sandbox. Nothing may be left.
Outcome attacked(const Call& call, Attack attack) {
  INFO(call.method << ", " << name_of(attack));
  std::size_t descriptors = 0;
  Outcome outcome;
  {
    // The first one opens what a process keeps: epoll, the loader's files.
    SandboxBench warm_up;
  }
  descriptors = open_descriptors();
  std::string folder;
  {
    SandboxBench bench({.attacks = {{call.method, attack}}});
    folder = bench.folder();
    outcome = call.make(bench);
    CHECK(bench.agent().calls(call.method) == 1);
    CHECK(bench.shut_down().ended);
  }
  CHECK(outcome.ended);
  CHECK(open_descriptors() == descriptors);
  CHECK(sys::mounts_below(folder).empty());
  return outcome;
}

/// All calls fail with `code` and say which of them it was and for whom.
void check_all_fail(Attack attack, Code code) {
  for (const Call& call : calls()) {
    // The first call of all has words of its own, see below.
    if (call.method == "CreateSandbox") continue;
    if (attack == Attack::no_message && !has_message(call.method)) continue;
    const Outcome outcome = attacked(call, attack);
    INFO(call.method << ", " << name_of(attack) << ": " << outcome.text);
    CHECK(outcome.code == code);
    CHECK_THAT(outcome.text, Contains(call.method) && Contains(call.subject));
  }
}

}  // namespace

TEST_CASE("a call that is not answered fails when its deadline has passed", "[hostile]") {
  check_all_fail(Attack::silence, Code::deadline_exceeded);
}

TEST_CASE("bytes that are no frame fail the call that waits", "[hostile]") {
  check_all_fail(Attack::garbage, Code::unavailable);
}

TEST_CASE("a frame that claims to be huge fails the call that waits", "[hostile]") {
  check_all_fail(Attack::huge_length, Code::unavailable);
}

TEST_CASE("a frame on a stream that cannot be fails the call that waits", "[hostile]") {
  check_all_fail(Attack::wrong_stream, Code::unavailable);
}

TEST_CASE("an answer that is no response fails its call", "[hostile]") {
  check_all_fail(Attack::no_envelope, Code::data_loss);
}

TEST_CASE("a response that holds no message fails its call", "[hostile]") {
  check_all_fail(Attack::no_message, Code::data_loss);
}

TEST_CASE("an agent that dies instead of answering fails the call", "[hostile]") {
  check_all_fail(Attack::end, Code::unavailable);
}

TEST_CASE("an agent that dies in the middle of its answer fails the call", "[hostile]") {
  check_all_fail(Attack::end_within_frame, Code::unavailable);
}

TEST_CASE("an answer that comes twice counts once", "[hostile]") {
  for (const Call& call : calls()) {
    const Outcome outcome = attacked(call, Attack::twice);
    INFO(call.method << ": " << outcome.text);
    CHECK(outcome.code == Code::ok);
  }
}

TEST_CASE("answers to calls that were never made are dropped", "[hostile]") {
  for (const Call& call : calls()) {
    const Outcome outcome = attacked(call, Attack::unasked);
    INFO(call.method << ": " << outcome.text);
    CHECK(outcome.code == Code::ok);
  }
}

TEST_CASE("an agent that does not answer its first call is told with the console's end",
          "[hostile]") {
  const Outcome outcome = attacked(calls().front(), Attack::silence);
  CHECK(outcome.code == Code::deadline_exceeded);
  CHECK_THAT(outcome.text, Contains("CreateSandbox") && Contains("did not answer") &&
                               Contains("dial_timeout") && Contains("last words of the guest"));
}

TEST_CASE("an agent that breaks off at its first call is not said to be slow", "[hostile]") {
  const Attack attack = GENERATE(Attack::garbage, Attack::end_within_frame);
  const Outcome outcome = attacked(calls().front(), attack);
  CHECK(outcome.code == Code::aborted);
  CHECK_THAT(outcome.text, Contains("CreateSandbox") && Contains("broke off") &&
                               Contains("last words of the guest") && !Contains("did not answer"));
}

TEST_CASE("calls that set up the guest's network fail with their names", "[hostile]") {
  const network::ScratchPod pod;
  network::in_namespace(pod.pod.get(), [] {
    network::KernelNetlinkSocket socket;
    network::Address address;
    address.link = network::find_link(socket, "eth0")->index;
    address.prefix = network::parse_prefix("172.31.0.2/24");
    network::replace_address(socket, address);
    network::Route route;
    route.link = address.link;
    route.gateway = network::parse_prefix("172.31.0.1/32").address;
    network::replace_route(socket, route);
  });
  const Attack attack = GENERATE(Attack::silence, Attack::no_message, Attack::end);
  const std::string method = GENERATE("UpdateInterface", "UpdateRoutes");
  SandboxBench bench({.attacks = {{method, attack}},
                      .network_path = fmt::format("/proc/self/fd/{}", pod.pod.get())});
  const Outcome outcome = bench.create();
  INFO(method << ", " << name_of(attack));
  CHECK(outcome.ended);
  CHECK(outcome.code != Code::ok);
  CHECK_THAT(outcome.text, Contains(method));
  CHECK(sys::mounts_below(bench.folder()).empty());
}

TEST_CASE("a guest's words reach no terminal as control characters", "[hostile]") {
  const std::string words = "\x1b]0;title\x07 no such \xc2\x9bprogram\n";
  SandboxBench bench(
      {.failures = {{"StartContainer", words + std::string(std::size_t{3} << 20, 'x')}}});
  REQUIRE(bench.create().code == Code::ok);
  const Outcome failed = bench.start();
  CHECK(failed.code == Code::unknown);
  CHECK_THAT(failed.text,
             Contains("no such ??program\n") && !Contains("\x1b") && !Contains("\x07"));
  CHECK(failed.text.size() < 100000);
}

TEST_CASE("a container that the agent does not remove is removed from the host", "[hostile]") {
  const Attack attack = GENERATE(Attack::silence, Attack::garbage, Attack::end);
  INFO(name_of(attack));
  SandboxBench bench({.attacks = {{"RemoveContainer", attack}}});
  REQUIRE(bench.create("c1").code == Code::ok);
  REQUIRE(bench.create("c2").code == Code::ok);
  const Outcome removed = bench.run(bench.sandbox().remove("c2", ""));
  CHECK(removed.code == Code::ok);
  CHECK_THROWS_AS(bench.sandbox().container("c2"), Error);
  CHECK(sys::mounts_below(bench.folder() + "/mounts/c2").empty());
  CHECK(sys::mounts_below(bench.folder() + "/shared/c2").empty());
}

TEST_CASE("a process whose agent is lost has ended", "[hostile]") {
  const Attack attack = GENERATE(Attack::garbage, Attack::huge_length, Attack::no_message,
                                 Attack::end, Attack::end_within_frame);
  INFO(name_of(attack));
  SandboxBench bench({.attacks = {{"WaitProcess", attack}}});
  REQUIRE(bench.create().code == Code::ok);
  const Outcome start = bench.start();
  INFO(start.text);
  REQUIRE(bench.run(bench.sandbox().wait("c1", "")).code == Code::ok);
  CHECK(bench.sandbox().process("c1", "")->exit.status == 128 + 9);
}

TEST_CASE("a guest that does not let its process be killed cannot keep the container",
          "[hostile]") {
  // It says nothing to the signal, or says that all is well; the process never ends.
  const Attack attack = GENERATE(Attack::silence, Attack::twice);
  const bool paused = GENERATE(false, true);
  INFO(name_of(attack) << ", paused " << paused);
  SandboxBench bench({.attacks = {{"SignalProcess", attack}, {"ResumeContainer", attack}},
                      .kill_grace = std::chrono::milliseconds(20)});
  REQUIRE(started(bench).code == Code::ok);
  if (paused) REQUIRE(bench.run(bench.sandbox().pause("c1")).code == Code::ok);
  CHECK(bench.run(bench.sandbox().kill("c1", "", 9, false)).ended);
  REQUIRE(bench.run(bench.sandbox().wait("c1", "")).ended);
  CHECK(bench.sandbox().process("c1", "")->exit.status == 128 + 9);
  CHECK(bench.run(bench.sandbox().remove("c1", "")).code == Code::ok);
  CHECK(bench.sandbox().empty());
}

TEST_CASE("a process that ends when it is killed keeps its own status", "[hostile]") {
  grpc::WaitProcessResponse status;
  status.set_status(7);
  SandboxBench bench(
      {.answers = {{"WaitProcess", [answer = status.SerializeAsString()](int) { return answer; }},
                   {"ReadStdout", [](int) { return std::string(); }},
                   {"ReadStderr", [](int) { return std::string(); }}}});
  REQUIRE(started(bench).code == Code::ok);
  (void)bench.run(bench.sandbox().kill("c1", "", 9, false));
  REQUIRE(bench.run(bench.sandbox().wait("c1", "")).ended);
  CHECK(bench.sandbox().process("c1", "")->exit.status == 7);
}

TEST_CASE("a container that is still being created takes no call, and is created all the same",
          "[sandbox]") {
  SandboxBench bench({.answers = {{"CreateContainer", [&](int) -> std::optional<std::string> {
                                     std::this_thread::sleep_for(std::chrono::milliseconds(100));
                                     return std::string();
                                   }}}});
  const auto created = std::make_shared<Outcome>();
  bench.begin_create("c1", created);
  const auto refused = [&](const Outcome& outcome) {
    INFO(outcome.text);
    CHECK(outcome.code == Code::failed_precondition);
    CHECK_THAT(outcome.text, Contains("\"c1\" is still being created"));
  };
  refused(bench.run(bench.sandbox().start("c1", "")));
  refused(bench.run(bench.sandbox().pause("c1")));
  refused(bench.update(1 << 20));
  CHECK_THROWS_WITH(bench.sandbox().stats("c1"), Contains("still being created"));
  CHECK_THROWS_WITH(bench.sandbox().processes("c1"), Contains("still being created"));
  CHECK_THROWS_WITH(bench.exec("c1", "e1"), Contains("still being created"));
  CHECK_FALSE(created->ended);
  REQUIRE(bench.run_until([&] { return created->ended; }));
  CHECK(created->code == Code::ok);
  CHECK(bench.start().code == Code::ok);
}

TEST_CASE("a created container can be paused and joined before it runs", "[sandbox]") {
  SandboxBench bench;
  REQUIRE(bench.create().code == Code::ok);
  CHECK(bench.exec("c1", "e1").code == Code::ok);
  CHECK(bench.run(bench.sandbox().pause("c1")).code == Code::ok);
  CHECK(bench.start().code == Code::failed_precondition);
  CHECK(bench.run(bench.sandbox().resume("c1")).code == Code::ok);
  CHECK(bench.start().code == Code::ok);
}
