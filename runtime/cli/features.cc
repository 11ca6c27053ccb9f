// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/features.h"

#include <cstdio>

#include "runtime/base/capability_names.h"
#include "runtime/base/json.h"
#include "runtime/oci/differences.h"
#include "runtime/oci/spec.h"

namespace kata::cli {
namespace {

Json capabilities() {
  Json names = Json::array();
  for (const std::string_view name : kCapabilityNames) names.push_back(name);
  return names;
}

Json mount_options() {
  return {"async",         "atime",      "bind",         "defaults",    "dev",
          "diratime",      "dirsync",    "exec",         "iversion",    "lazytime",
          "loud",          "mand",       "noatime",      "nodev",       "nodiratime",
          "noexec",        "noiversion", "nolazytime",   "nomand",      "norelatime",
          "nostrictatime", "nosuid",     "nosymfollow",  "private",     "ratime",
          "rbind",         "rdev",       "rdiratime",    "relatime",    "remount",
          "rexec",         "rnoatime",   "rnodev",       "rnodiratime", "rnoexec",
          "rnorelatime",   "rnosuid",    "rnosymfollow", "ro",          "rprivate",
          "rrelatime",     "rro",        "rrw",          "rshared",     "rslave",
          "rstrictatime",  "rsuid",      "rsymfollow",   "runbindable", "rw",
          "shared",        "silent",     "slave",        "strictatime", "suid",
          "symfollow",     "sync",       "tmpcopyup",    "unbindable"};
}

Json seccomp() {
  const Json flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                      "SECCOMP_FILTER_FLAG_LOG"};
  return {{"enabled", true},
          {"actions",
           {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
            "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"}},
          {"operators",
           {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT",
            "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"}},
          {"archs", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
          {"knownFlags", flags},
          {"supportedFlags", flags}};
}

}  // namespace

void add_features(CommandLine& line) {
  line.verb("features", "Print what this runtime can do, as JSON").run([](Runtime& runtime) {
    return run_features(runtime);
  });
}

std::string features_json() {
  const Json off = {{"enabled", false}};
  Json features = Json::object();
  features["ociVersionMin"] = "1.0.0";
  features["ociVersionMax"] = oci::kSpecVersion;
  // createContainer would run in the guest, which has not the host's files.
  features["hooks"] = {"prestart", "createRuntime", "startContainer", "poststart", "poststop"};
  features["mountOptions"] = mount_options();
  features["linux"] = {
      {"namespaces", {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"}},
      {"capabilities", capabilities()},
      {"cgroup",
       {{"v1", true}, {"v2", true}, {"systemd", false}, {"systemdUser", false}, {"rdma", false}}},
      {"seccomp", seccomp()},
      {"apparmor", off},
      {"selinux", off},
      {"intelRdt", off},
      {"mountExtensions", {{"idmap", off}}}};
  features["annotations"] = {{"io.katacontainers.runtime.version", KATA_VERSION}};
  for (const oci::Difference& difference : oci::differences()) {
    features["annotations"]["io.katacontainers.difference: " + std::string(difference.field)] =
        difference.what;
  }
  features["potentiallyUnsafeConfigAnnotations"] = Json::array({"io.katacontainers.config."});
  return features.dump(4);
}

int run_features(Runtime&) {
  std::puts(features_json().c_str());
  return 0;
}

}  // namespace kata::cli
