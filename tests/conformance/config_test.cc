// SPDX-License-Identifier: Apache-2.0
//
// config.md: root, mounts, process, names, extensibility.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/conformance/fixtures.h"

using kata::Json;
using kata::conformance::full;
using kata::conformance::full_answer;
using kata::conformance::mount_at;
using kata::conformance::plain;

namespace {

bool holds(const Json& list, const Json& value) {
  for (const Json& item : list) {
    if (item == value) return true;
  }
  return false;
}

/// A set of /proc/self/status, e.g. "CapEff".
unsigned long long capabilities(const Json& facts, const char* set) {
  return std::stoull(facts.at("status").at(set).get<std::string>(), nullptr, 16);
}

constexpr unsigned long long kKill = 1ULL << 5;
constexpr unsigned long long kConfigured = kKill | 1ULL << 18 | 1ULL << 27;  // SYS_CHROOT, MKNOD

const Json& plain_answer(const std::string& query) { return plain().at("answers").at(query); }

constexpr int kReadOnly = 30;  // EROFS, which has no name in JSON

}  // namespace

TEST_CASE("config.md, Root: by default it can be written") {
  CHECK(full_answer("create:/ordinary").at("ok") == true);
}

TEST_CASE("config.md, Root: readonly makes it read-only inside") {
  CHECK(plain_answer("create:/new").at("errno") == kReadOnly);
  CHECK(plain_answer("create:/tmp/new").at("errno") == kReadOnly);
}

TEST_CASE("config.md, Root: path may be absolute or relative to the bundle") {
  CHECK(full().facts.at("args").at(0) == "/bin/conformance-probe");  // relative
  CHECK(plain().at("args").at(0) == "conformance-probe");            // absolute
}

TEST_CASE("config.md, Mounts: they are made in the listed order") {
  CHECK(mount_at(full().facts, "/m").at("type") == "tmpfs");
  CHECK(mount_at(full().facts, "/m/inner").at("type") == "tmpfs");
  CHECK(full_answer("stat:/m/inner/file").at("ok") == true);
  CHECK(full_answer("create:/m/inner/new").at("ok") == true);
}

TEST_CASE("config.md, Mounts: a destination that is missing is made") {
  CHECK_FALSE(mount_at(full().facts, "/m").is_null());
  CHECK_FALSE(mount_at(full().facts, "/data-rw").is_null());
}

TEST_CASE("config.md, Mounts: options of the mount are applied") {
  const Json mount = mount_at(full().facts, "/m");
  CHECK_THAT(mount.at("options").get<std::string>(),
             Catch::Contains(",nosuid,") && Catch::Contains(",nodev,"));
  CHECK_THAT(mount_at(full().facts, "/m/inner").at("options").get<std::string>(),
             Catch::Contains(",noexec,"));
  CHECK(full_answer("create:/m-ro/new").at("errno") == kReadOnly);
}

TEST_CASE("config.md, Mounts: options of the file system are applied") {
  CHECK_THAT(mount_at(full().facts, "/m").at("super").get<std::string>(),
             Catch::Contains(",size=1024k,"));
  CHECK(full_answer("stat:/m").at("mode") == 0711);
}

TEST_CASE("config.md, Mounts: bind and rbind mount a folder of the host") {
  CHECK(full_answer("read:/data-ro/from-host").at("data") == "hello");
  CHECK(full_answer("create:/data-rw/made-inside").at("ok") == true);
  CHECK(full().host_data == "made");
}

TEST_CASE("config.md, Mounts: ro on a bind mount makes it read-only") {
  CHECK(full_answer("create:/data-ro/new").at("errno") == kReadOnly);
  CHECK_THAT(mount_at(full().facts, "/data-ro").at("options").get<std::string>(),
             Catch::Contains(",ro,") && Catch::Contains(",nosuid,"));
}

TEST_CASE("config.md, Mounts: a relative source is relative to the bundle") {
  CHECK(full_answer("read:/relative/from-host").at("data") == "hello");
}

TEST_CASE("config.md, Process: args are the program's arguments") {
  const Json& args = full().facts.at("args");
  CHECK(args.at(1) == "stat:/dev/null");
  CHECK(args.size() > 40);
}

TEST_CASE("config.md, Process: a program without a slash is looked up in PATH") {
  CHECK(plain().at("args").at(0) == "conformance-probe");
}

TEST_CASE("config.md, Process: env is the environment") {
  const Json& env = full().facts.at("env");
  CHECK(holds(env, "PATH=/bin"));
  CHECK(holds(env, "EMPTY="));
  CHECK(holds(env, "WORDS=two words = more"));
}

TEST_CASE("config.md, Process: cwd is the working folder") {
  CHECK(full().facts.at("cwd") == "/opt/deep");
  CHECK(plain().at("cwd") == "/");
}

TEST_CASE("config.md, Process: without terminal none of its streams is one") {
  CHECK(full().facts.at("ttys") == Json::array({false, false, false}));
}

TEST_CASE("config.md, User: uid, gid and additionalGids are the process's") {
  CHECK(full().facts.at("uid") == 0);
  CHECK(full().facts.at("gid") == 7);
  std::set<int> groups;
  for (const Json& gid : full().facts.at("groups")) groups.insert(gid.get<int>());
  groups.erase(7);
  CHECK(groups == std::set<int>{10, 4242});
  CHECK(plain().at("uid") == 1000);
  CHECK(plain().at("gid") == 1001);
}

TEST_CASE("config.md, User: umask is the process's") {
  CHECK(full().facts.at("umask") == 027);
  CHECK(plain().at("umask") == 022);
}

TEST_CASE("config.md, Linux Process: capabilities are exactly the five configured sets") {
  CHECK(capabilities(full().facts, "CapBnd") == kConfigured);
  CHECK(capabilities(full().facts, "CapEff") == kConfigured);
  CHECK(capabilities(full().facts, "CapPrm") == kConfigured);
  CHECK(capabilities(full().facts, "CapInh") == kKill);
  CHECK(capabilities(full().facts, "CapAmb") == kKill);
}

TEST_CASE("config.md, Linux Process: without capabilities the process has none") {
  for (const char* set : {"CapEff", "CapPrm", "CapInh", "CapAmb"}) {
    INFO(set);
    CHECK(capabilities(plain(), set) == 0);
  }
}

TEST_CASE("config.md, POSIX process: rlimits are the process's, soft and hard") {
  CHECK(full().facts.at("limits").at("RLIMIT_NOFILE") == Json::array({512, 1024}));
  CHECK(full().facts.at("limits").at("RLIMIT_CORE") == Json::array({0, 0}));
}

TEST_CASE("config.md, Linux Process: noNewPrivileges is set when it is asked for and only then") {
  CHECK(full().facts.at("status").at("NoNewPrivs") == "1");
  CHECK(plain().at("status").at("NoNewPrivs") == "0");
}

TEST_CASE("config.md, Linux Process: oomScoreAdj is the process's") {
  CHECK(full().facts.at("oomScoreAdj") == "100\n");
}

TEST_CASE("config.md, Hostname: it is the container's") {
  CHECK(full().facts.at("hostname") == "conformance-host");
}

TEST_CASE("config.md, Domainname: it is the container's") {
  CHECK(full().facts.at("domainname") == "conformance.example");
}

TEST_CASE("config.md, Extensibility: unknown properties are no error") {
  CHECK(full().created.at("status") == "created");
}

TEST_CASE("config.md, Annotations: an unknown key is no error") {
  CHECK(full().created.at("annotations").size() >= 2);
}
