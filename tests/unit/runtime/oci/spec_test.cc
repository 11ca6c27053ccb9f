// SPDX-License-Identifier: Apache-2.0
#include "runtime/oci/spec.h"

#include <catch2/catch.hpp>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

using namespace kata;
using namespace kata::oci;

namespace {

/// Every field that the model knows.
constexpr const char* kEverything = R"json({
  "ociVersion": "1.1.0",
  "process": {
    "terminal": true,
    "consoleSize": {"height": 24, "width": 80},
    "user": {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3, 4], "username": "u"},
    "args": ["sh", "-c", "id"],
    "env": ["A=1", "B="],
    "cwd": "/home",
    "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_FOWNER"],
                     "permitted": ["CAP_SETUID"], "ambient": ["CAP_SETGID"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 1024}],
    "noNewPrivileges": true,
    "apparmorProfile": "p",
    "oomScoreAdj": -5,
    "selinuxLabel": "l"
  },
  "root": {"path": "rootfs", "readonly": true},
  "hostname": "h",
  "domainname": "d",
  "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]}],
  "hooks": {
    "prestart": [{"path": "/a", "args": ["a", "b"], "env": ["X=1"], "timeout": 3}],
    "createRuntime": [{"path": "/b"}], "createContainer": [{"path": "/c"}],
    "startContainer": [{"path": "/d"}], "poststart": [{"path": "/e"}], "poststop": [{"path": "/f"}]
  },
  "annotations": {"k1": "v1", "k2": ""},
  "linux": {
    "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
    "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 20}],
    "sysctl": {"net.core.somaxconn": "256"},
    "resources": {
      "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "r"}],
      "memory": {"limit": -1, "reservation": 2, "swap": 3, "kernel": 4, "kernelTCP": 5, "swappiness": 0,
                 "disableOOMKiller": true},
      "cpu": {"shares": 1024, "quota": -1, "period": 100000, "realtimeRuntime": 1, "realtimePeriod": 2,
              "cpus": "0-1", "mems": "0", "idle": 0},
      "pids": {"limit": 100},
      "blockIO": {"weight": 10, "leafWeight": 11,
                  "weightDevice": [{"major": 8, "minor": 0, "weight": 12, "leafWeight": 13}],
                  "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 1}],
                  "throttleWriteBpsDevice": [{"major": 8, "minor": 0, "rate": 2}],
                  "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 3}],
                  "throttleWriteIOPSDevice": [{"major": 8, "minor": 0, "rate": 4}]},
      "hugepageLimits": [{"pageSize": "2MB", "limit": 9}],
      "network": {"classID": 7, "priorities": [{"name": "eth0", "priority": 5}]},
      "unified": {"memory.high": "1"}
    },
    "cgroupsPath": "/docker/x",
    "namespaces": [{"type": "pid"}, {"type": "network", "path": "/run/netns/x"}],
    "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 1, "gid": 2}],
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"],
                "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0,
                              "args": [{"index": 1, "value": 18446744073709551615, "valueTwo": 2, "op": "SCMP_CMP_EQ"}]}]},
    "rootfsPropagation": "rslave",
    "maskedPaths": ["/proc/kcore"],
    "readonlyPaths": ["/proc/sys"],
    "mountLabel": "m"
  }
})json";

std::string error_of(std::string_view text) {
  try {
    (void)parse_config(text, "config.json");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid_argument);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("every field of config.json survives the way there and back", "[oci]") {
  const grpc::Spec spec = parse_config(kEverything, "config.json");
  // Compared as values: the order of an object's members has no meaning.
  CHECK(nlohmann::json::parse(spec_json(spec)) == nlohmann::json::parse(kEverything));
  CHECK(parse_config(spec_json(spec), "again").SerializeAsString().size() == spec.ByteSizeLong());
}

TEST_CASE("fields that cannot be honoured are refused, empty ones are not", "[oci]") {
  const auto parsing = [](const char* text) { return parse_config(text, "config.json"); };
  for (const char* text : {R"({"linux": {"intelRdt": {}}})",
                           R"({"linux": {"timeOffsets": {"realtime": {"secs": 1}}}})",
                           R"({"linux": {"resources": {"rdma": {"mlx5_1": {"hcaHandles": 3}}}}})",
                           R"({"linux": {"seccomp": {"listenerPath": "/run/listener"}}})"}) {
    INFO(text);
    CHECK_THROWS_AS(parsing(text), Error);
  }
  for (const char* text :
       {R"({"linux": {"timeOffsets": {}}})", R"({"linux": {"personality": {"domain": "LINUX"}}})",
        R"({"linux": {"resources": {"rdma": {}}}})",
        R"({"linux": {"seccomp": {"listenerPath": ""}}})"}) {
    INFO(text);
    CHECK_NOTHROW(parsing(text));
  }
}

TEST_CASE("process and resources alone survive too", "[oci]") {
  const auto everything = nlohmann::json::parse(kEverything);
  const std::string process = everything["process"].dump();
  CHECK(nlohmann::json::parse(process_json(parse_process(process, "p"))) == everything["process"]);
  const auto resources = everything["linux"]["resources"];
  CHECK(nlohmann::json::parse(resources_json(parse_resources(resources.dump(), "r"))) == resources);
}

TEST_CASE("absent, null and zero are told apart where it matters", "[oci]") {
  const grpc::Spec spec = parse_config(
      R"({"process": null, "linux": {"resources": {"memory": {"swappiness": 0, "limit": null}}}})",
      "c");
  CHECK_FALSE(spec.has_process());
  CHECK(spec.linux().resources().memory().has_swappiness());
  CHECK_FALSE(spec.linux().resources().memory().has_limit());
}

TEST_CASE("what is not JSON is reported with line and column", "[oci]") {
  CHECK(error_of("{\n  \"root\": {,}\n}").starts_with("config.json:2:12: not valid JSON"));
}

TEST_CASE("wrong types and numbers out of range are reported by their path", "[oci]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {R"([])", "config.json: expected an object, found array"},
      {R"({"hostname": 1})", "config.json: hostname: expected a string, found number"},
      {R"({"process": {"args": "sh"}})",
       "config.json: process.args: expected an array, found string"},
      {R"({"process": {"args": ["a", 1]}})",
       "config.json: process.args[1]: expected a string, found number"},
      {R"({"process": {"terminal": "yes"}})",
       "config.json: process.terminal: expected true or false, found string"},
      {R"({"mounts": [{}, {"options": {}}]})",
       "config.json: mounts[1].options: expected an array, found object"},
      {R"({"annotations": {"k": 1}})",
       "config.json: annotations.k: expected a string, found number"},
      {R"({"linux": {"resources": {"memory": {"limit": "512M"}}}})",
       "config.json: linux.resources.memory.limit: expected an integer, found string"},
      {R"({"linux": {"resources": {"memory": {"limit": 1.5}}}})",
       "config.json: linux.resources.memory.limit: expected an integer, found number"},
      {R"({"linux": {"resources": {"memory": {"limit": 9223372036854775808}}}})",
       "config.json: linux.resources.memory.limit: 9223372036854775808 is not between "
       "-9223372036854775808 and "
       "9223372036854775807"},
      {R"({"process": {"user": {"uid": -1}}})",
       "config.json: process.user.uid: -1 is not between 0 and 4294967295"},
      {R"({"process": {"user": {"uid": 4294967296}}})",
       "config.json: process.user.uid: 4294967296 is not between 0 and 4294967295"},
  }));
  CHECK(error_of(text) == expected);
}

TEST_CASE("unknown fields are ignored", "[oci]") {
  CHECK(
      parse_config(R"({"hostname": "h", "new": {"x": 1}, "linux": {"new": []}})", "c").hostname() ==
      "h");
}

TEST_CASE("the spec that `spec` writes is valid and complete", "[oci]") {
  const grpc::Spec spec = parse_config(default_spec_json(), "default");
  CHECK_NOTHROW(validate_spec(spec));
  CHECK(spec.version() == kSpecVersion);
  CHECK(find_namespace(spec, "network") != nullptr);
  CHECK(spec.mounts_size() == 7);
}
