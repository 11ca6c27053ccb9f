// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/command_line.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/cli/exec.h"
#include "runtime/cli/update.h"

using namespace kata;
using namespace kata::cli;

namespace {

struct Given {
  GlobalOptions globals;
  std::string id;
  bool tty = false;
  bool detach = false;
  std::vector<std::string> env;
  std::string user;
  std::vector<std::string> args;
  CommandLine::Parsed parsed;
};

Given parse(std::vector<std::string> words) {
  Given given;
  CommandLine line(given.globals);
  line.verb("exec", "")
      .flag("-t,--tty", given.tty, "")
      .flag("-d,--detach", given.detach, "")
      .values("-e,--env", given.env, "")
      .value("-u,--user", given.user, "")
      .id(given.id)
      .tail(given.args, "")
      .run([](Runtime&) { return 42; });
  line.verb("check", "", "kata-check").run([](Runtime&) { return 43; });
  given.parsed = line.parse(std::move(words));
  return given;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("what follows exec's container id belongs to the command", "[cli]") {
  const Given given = parse({"--root", "/r", "--log-format=json", "exec", "-td", "-e", "A=1",
                             "--env", "B=2", "-u", "1:2", "c1", "ls", "-l", "--tty", "--", "x"});
  CHECK(given.parsed.usage_error.empty());
  REQUIRE(given.parsed.action);
  CHECK(given.globals.root == "/r");
  CHECK(given.globals.log_format == "json");
  CHECK(given.id == "c1");
  CHECK(given.tty);
  CHECK(given.detach);
  CHECK(given.env == Words{"A=1", "B=2"});
  CHECK(given.user == "1:2");
  CHECK(given.args == Words{"ls", "-l", "--tty", "--", "x"});
  CHECK(parse({"exec", "c1", "--", "ls"}).args == Words{"ls"});
}

TEST_CASE("usage errors are told apart from runtime errors", "[cli]") {
  CHECK(parse({"exec"}).parsed.status == 2);
  CHECK(parse({"exec", "--nonsense", "c1"}).parsed.status == 2);
  CHECK(parse({"nonsense"}).parsed.status == 2);
  CHECK(parse({"--root", "/r", "nonsense", "c1"}).parsed.usage_error ==
        "unknown command \"nonsense\"; see: kata-runtime --help");
  CHECK(parse({"kata-check", "c1"}).parsed.usage_error.find("unknown command") ==
        std::string::npos);
  CHECK_FALSE(parse({"--log-format", "xml", "check"}).parsed.usage_error.empty());
  CHECK(parse({"--help"}).parsed.text.find("exec") != std::string::npos);
  CHECK(parse({"--version"}).globals.version);
  CHECK(parse({"--criu", "/usr/sbin/criu", "--rootless", "auto", "check"}).parsed.action);
  CHECK(parse({"kata-check"}).parsed.action);
}

TEST_CASE("a checkpoint is refused with the reason, however its help is asked for", "[cli]") {
  for (const char* verb : {"checkpoint", "restore"}) {
    const Given given = parse({"--log", "/l", verb, "--help", "--image-path", "/i", "c1"});
    CHECK(given.parsed.status == 2);  // Podman takes 0 for "there is such a verb"
    CHECK(given.parsed.text.empty());
    CHECK_THAT(given.parsed.usage_error, Catch::Contains("checkpointed nor restored"));
    CHECK(given.globals.log == "/l");  // where the engine looks for the reason
  }
}

TEST_CASE("long options are read with one dash too, as Go programs do", "[cli]") {
  const Given given = parse({"-root", "/r", "-log-format=json", "exec", "-tty", "-env",
                             "-x=-detach", "-user=5", "c1", "ps", "-tty"});
  CHECK(given.parsed.usage_error.empty());
  CHECK(given.globals.root == "/r");
  CHECK(given.globals.log_format == "json");
  CHECK(given.tty);
  CHECK_FALSE(given.detach);
  CHECK(given.env == Words{"-x=-detach"});
  CHECK(given.user == "5");
  CHECK(given.args == Words{"ps", "-tty"});
}

TEST_CASE("help is a verb, too", "[cli]") {
  CHECK(parse({"help"}).parsed.text == parse({"--help"}).parsed.text);
  CHECK(parse({"help", "exec"}).parsed.text == parse({"exec", "--help"}).parsed.text);
  CHECK(parse({"help", "exec"}).parsed.text != parse({"--help"}).parsed.text);
  CHECK(parse({"help", "nonsense"}).parsed.status == 2);
}

TEST_CASE("sizes are read as runc reads them", "[cli]") {
  CHECK(bytes_from_text("4096", "--memory") == 4096);
  CHECK(bytes_from_text("512M", "--memory") == 512 << 20);
  CHECK(bytes_from_text("1gb", "--memory") == 1 << 30);
  CHECK(bytes_from_text("1.5g", "--memory") == 3 << 29);
  CHECK(bytes_from_text("-1", "--memory") == -1);
  for (const char* bad :
       {"", "x", "1x", "1.", "1.5.5g", "-1.5", "-2", "99999999999999999999", "9999999999g"}) {
    CHECK_THROWS_AS(bytes_from_text(bad, "--memory"), Error);
  }
}

TEST_CASE("update's options become resources", "[cli]") {
  UpdateOptions options;
  options.memory = "64m";
  options.memory_swap = "-1";
  options.cpu_quota = -1;
  options.cpu_share = 512;
  options.cpuset_cpus = "0";
  options.pids_limit = 7;
  const grpc::LinuxResources resources = resources_from_options(options);
  CHECK(resources.memory().limit() == 64 << 20);
  CHECK(resources.memory().swap() == -1);
  CHECK(resources.cpu().quota() == -1);
  CHECK(resources.cpu().shares() == 512);
  CHECK(resources.cpu().cpus() == "0");
  CHECK(resources.pids().limit() == 7);
  CHECK_FALSE(resources.has_block_io());
  options.blkio_weight = 0;  // runc's default
  CHECK_FALSE(resources_from_options(options).has_block_io());
  options.l3_cache_schema = "L3:0=f";
  CHECK_THROWS_WITH(resources_from_options(options), Catch::Contains("L3:0=f"));
  options.l3_cache_schema.clear();
  options.cpu_share = -1;
  CHECK_THROWS_AS(resources_from_options(options), Error);
}

TEST_CASE("exec's options go over the container's process", "[cli]") {
  grpc::Process base;
  base.add_args("init");
  base.add_env("A=1");
  base.set_cwd("/");
  base.mutable_user()->set_uid(5);
  ExecOptions options;
  CHECK_THROWS_AS(process_from_options(options, base), Error);
  options.args = {"id", "-u"};
  options.user = "10:20";
  options.env = {"B=2"};
  options.cwd = "/tmp";
  options.capabilities = {"CAP_KILL"};
  options.tty = true;
  const grpc::Process process = process_from_options(options, base);
  CHECK(process.args(0) == "id");
  CHECK(process.args_size() == 2);
  CHECK(process.env_size() == 2);
  CHECK(process.user().uid() == 10);
  CHECK(process.user().gid() == 20);
  CHECK(process.cwd() == "/tmp");
  CHECK(process.terminal());
  CHECK(process.capabilities().bounding(0) == "CAP_KILL");
  options.user = "root";
  CHECK_THROWS_WITH(process_from_options(options, base), Catch::Contains("--user"));
}
