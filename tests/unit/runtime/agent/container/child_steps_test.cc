// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>

#include <catch2/catch.hpp>

#include "oci.pb.h"
#include "runtime/agent/container_init/capabilities.h"
#include "runtime/agent/container_init/executable.h"
#include "runtime/agent/container_init/mount_options.h"
#include "runtime/agent/container_init/user_database.h"
#include "runtime/base/error.h"
#include "runtime/seccomp/seccomp_profile.h"

using namespace kata;
using namespace kata::agent;

namespace {
MountOptions parse(std::vector<std::string> options) { return parse_mount_options(options); }
}  // namespace

TEST_CASE("mount options become flags, propagation and data", "[mount_options]") {
  const MountOptions options =
      parse({"rbind", "ro", "nosuid", "rslave", "mode=755", "size=64k", "tmpcopyup"});
  CHECK(options.flags == (MS_BIND | MS_REC | MS_RDONLY | MS_NOSUID));
  CHECK(options.propagation == std::vector<unsigned long>{MS_SLAVE | MS_REC});
  CHECK(options.data == "mode=755,size=64k");
  CHECK(options.copy_up);
}

TEST_CASE("the later of two contradicting mount options wins", "[mount_options]") {
  CHECK(parse({"ro", "rw"}).flags == 0);
  CHECK(parse({"rw", "ro"}).flags == MS_RDONLY);
  CHECK(parse({"noexec", "exec", "nodev"}).flags == MS_NODEV);
  CHECK(parse({"rro", "rrw"}).recursive_set == 0);
  CHECK(parse({"rro"}).recursive_set == 1);
  CHECK_THROWS_AS(parse({"idmap"}), Error);
  CHECK_THROWS_AS(propagation_from_name("sideways"), Error);
}

TEST_CASE("users are found by name first, then by number", "[user_database]") {
  const std::string passwd =
      "# comment\nbad line\nroot:x:0:0:root:/root:/bin/sh\n"
      "alice:x:1000:100::/home/alice:/bin/sh\n1000:x:7:8::/odd:/bin/sh\nbroken:x:-1:5::/:/\n";
  CHECK(find_user(passwd, "alice")->uid == 1000);
  CHECK(find_user(passwd, "alice")->home == "/home/alice");
  CHECK(find_user(passwd, "0")->name == "root");
  CHECK(find_user(passwd, "1000")->uid == 7);
  CHECK_FALSE(find_user(passwd, "bob"));
  CHECK_FALSE(find_user(passwd, "broken"));
  const std::string group = "wheel:x:10:alice,bob\nusers:x:100:\naudio:x:29:bob";
  CHECK(find_group(group, "audio") == 29U);
  CHECK(find_group(group, "77") == 77U);
  CHECK_FALSE(find_group(group, "nobody"));
  CHECK(groups_of(group, "bob") == std::vector<gid_t>{10, 29});
  CHECK_FALSE(parse_id("4294967295"));
  CHECK_FALSE(parse_id("-1"));
  CHECK_FALSE(parse_id("1x"));
}

TEST_CASE("capability names have the kernel's numbers", "[capabilities]") {
  CHECK(capability_number("CAP_CHOWN") == 0U);
  CHECK(capability_number("CAP_SYS_ADMIN") == 21U);
  CHECK(capability_number("CAP_CHECKPOINT_RESTORE") == 40U);
  CHECK_FALSE(capability_number("CAP_NONSENSE"));
  grpc::LinuxCapabilities names;
  names.add_permitted("CAP_CHOWN");
  names.add_permitted("CAP_NONSENSE");
  names.add_ambient("CAP_CHOWN");
  names.add_bounding("CAP_CHECKPOINT_RESTORE");
  const CapabilitySets sets = parse_capabilities(names, 39);
  CHECK(sets.permitted == 1);
  CHECK(sets.ambient == 0);   // not inheritable
  CHECK(sets.bounding == 0);  // not in this kernel
}

TEST_CASE("a missing program is told in the words engines look for", "[executable]") {
  const std::vector<std::string> env = {"PATH=/nowhere:/bin"};
  CHECK(find_executable("sh", env) == "/bin/sh");
  CHECK_THROWS_WITH(find_executable("no-such", env),
                    "exec: \"no-such\": executable file not found in $PATH");
  CHECK_THROWS_WITH(find_executable("sh", {}), "exec: \"sh\": executable file not found in $PATH");
  CHECK_THROWS_WITH(find_executable("/no/such", env),
                    "exec: \"/no/such\": stat /no/such: no such file or directory");
  CHECK_THROWS_WITH(find_executable("/etc/passwd", env),
                    "exec: \"/etc/passwd\": permission denied");
  CHECK_THROWS_WITH(find_executable("/etc", env), "exec: \"/etc\": permission denied");
}

TEST_CASE("a seccomp profile is checked before it is loaded", "[seccomp]") {
  grpc::LinuxSeccomp profile;
  profile.set_default_action("SCMP_ACT_ERRNO");
  profile.add_architectures("SCMP_ARCH_X86_64");
  auto* rule = profile.add_syscalls();
  rule->add_names("read");
  rule->add_names("no_such_call");
  rule->set_action("SCMP_ACT_ALLOW");
  CHECK_NOTHROW(seccomp::check_profile(profile));
  rule->set_action("SCMP_ACT_MAYBE");
  CHECK_THROWS_AS(seccomp::check_profile(profile), Error);
  rule->set_action("SCMP_ACT_NOTIFY");
  CHECK_THROWS_AS(seccomp::check_profile(profile), Error);
}
