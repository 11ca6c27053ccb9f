// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/shape/capabilities.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "runtime/base/command.h"
#include "runtime/base/io.h"
#include "trees.h"

namespace {

using namespace kata;
using namespace kata::rootfs;

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

TEST_CASE("capabilities become the bytes that the kernel keeps", "[capabilities]") {
  // Revision 2, little endian: flags, permitted and inheritable of the first 32, then of the rest
  CHECK(hex(capability_attribute("cap_net_admin,cap_net_raw+ep")) ==
        "0100000200300000000000000000000000000000");
  CHECK(hex(capability_attribute("cap_net_raw+p")) == "0000000200200000000000000000000000000000");
  CHECK(hex(capability_attribute("cap_bpf=eip")) == "0100000200000000000000008000000080000000");
  CHECK(hex(capability_attribute("CAP_CHOWN+ep cap_kill+ep")) ==
        hex(capability_attribute("cap_kill,cap_chown=pe")));
  CHECK(hex(capability_attribute("all=ep cap_sys_admin-ep")) ==
        hex(capability_attribute("=ep cap_sys_admin=")));
  CHECK(hex(capability_attribute("cap_chown=p+e")) == hex(capability_attribute("cap_chown+pe")));
}

TEST_CASE("capabilities that no file can have are errors", "[capabilities]") {
  const auto error = [](const char* text) {
    return error_of([&] { (void)capability_attribute(text); });
  };
  CHECK(error("cap_net_amin+ep").find("did you mean cap_net_admin?") != std::string::npos);
  CHECK(error("cap_net_raw").find("must be NAMES and an action") != std::string::npos);
  CHECK(error("+ep").find("must be NAMES and an action") != std::string::npos);
  CHECK(error("cap_net_raw+").find("nothing follows the +") != std::string::npos);
  CHECK(error("cap_net_raw+x").find("a set is e, i or p, not \"x\"") != std::string::npos);
  CHECK(error("cap_chown+ep cap_kill+p").find("all effective or none") != std::string::npos);
  CHECK(error("  ").find("none is named") != std::string::npos);
  CHECK(error("cap_chown,,cap_kill+p").find("no capability is called") != std::string::npos);
}

TEST_CASE("the bytes are those that setcap gives a file", "[capabilities]") {
  const std::string text = GENERATE("cap_net_admin,cap_net_raw+ep", "cap_net_bind_service=+p",
                                    "cap_perfmon,cap_kill=eip", "all=ep cap_sys_admin-ep",
                                    "cap_chown+i", "=ep cap_mknod,cap_bpf-ep");
  if (::geteuid() != 0 || !find_program("setcap")) {
    WARN("setcap needs root: its result is not compared");
    return;
  }
  const TempDir folder;
  const std::string file = folder.path() + "/program";
  write_file(file, "x", 0755);
  RealCommandRunner runner;
  Command command;
  command.argv = {"setcap", text, file};
  const CommandResult result = runner.run(command);
  if (result.status != 0) {
    WARN("setcap cannot set them here: " << result.error_output);
    return;
  }
  std::string value(64, '\0');
  const ssize_t size = ::getxattr(file.c_str(), kCapabilityAttribute, value.data(), value.size());
  REQUIRE(size > 0);
  value.resize(static_cast<std::size_t>(size));
  CHECK(hex(capability_attribute(text)) == hex(value));
}
