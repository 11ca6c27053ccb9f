// SPDX-License-Identifier: Apache-2.0
#include "runtime/hypervisor/virtiofsd.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

using namespace kata;
using namespace kata::hypervisor;
using Catch::Matchers::Contains;

namespace {

SharedDirectory folder(bool is_rust) {
  SharedDirectory shared;
  shared.kind = SharedFs::virtio_fs;
  shared.path = "/run/shared";
  shared.daemon = "/usr/libexec/virtiofsd";
  shared.daemon_is_rust = is_rust;
  return shared;
}

std::string line_of(const SharedDirectory& shared) {
  Command command;
  command.argv = virtiofsd_arguments(shared, 3);
  return printable(command);
}

}  // namespace

TEST_CASE("each daemon is spoken to in its own way", "[virtiofsd]") {
  CHECK_THAT(line_of(folder(false)),
             Contains("--fd=3") && Contains("source=/run/shared,cache=auto"));
  CHECK_THAT(line_of(folder(true)), Contains("--fd=3") && Contains("--shared-dir=/run/shared") &&
                                        Contains("--cache=auto"));
}

TEST_CASE("the name for no cache differs", "[virtiofsd]") {
  SharedDirectory shared = folder(false);
  shared.cache = "never";
  CHECK_THAT(line_of(shared), Contains("cache=none"));
  shared = folder(true);
  shared.cache = "none";
  CHECK_THAT(line_of(shared), Contains("--cache=never"));
}

TEST_CASE("upstream's extra arguments do not stand twice", "[virtiofsd]") {
  SharedDirectory shared = folder(GENERATE(false, true));
  shared.extra_args = {"--thread-pool-size=4", "--announce-submounts"};
  const std::vector<std::string> argv = virtiofsd_arguments(shared, 3);
  CHECK(std::count(argv.begin(), argv.end(), "--thread-pool-size=0") == 0);
  CHECK(std::count(argv.begin(), argv.end(), "--thread-pool-size=4") == 1);
  CHECK(std::count(argv.begin(), argv.end(), "--announce-submounts") <= 1);
}

TEST_CASE("files carry attributes of users and capabilities, none of the host's own",
          "[virtiofsd]") {
  const std::string rules =
      ":ok:all:user.:user.::ok:all:security.capability:security.capability::unsupported:all:::";
  CHECK_THAT(line_of(folder(false)), Contains(",xattrmap=" + rules + ","));
  SharedDirectory shared = folder(true);
  shared.extra_args = {"--xattr"};  // upstream's advice, and the daemon refuses it twice
  const std::vector<std::string> argv = virtiofsd_arguments(shared, 3);
  CHECK(std::count(argv.begin(), argv.end(), "--xattrmap=" + rules) == 1);
  CHECK(std::count(argv.begin(), argv.end(), "--xattr") == 1);
}

TEST_CASE("a path that would start another option is refused", "[virtiofsd]") {
  SharedDirectory shared = folder(false);
  shared.path = "/run/a,source=/etc";
  CHECK_THROWS_WITH(virtiofsd_arguments(shared, 3), Contains("comma"));
}

TEST_CASE("the daemon's socket is made in the sandbox's folder, and does not stay", "[virtiofsd]") {
  SharedDirectory shared = folder(false);
  const TempDir sandbox;
  shared.socket_folder = sandbox.path() + "/gone";
  CHECK_THROWS_WITH(start_virtiofsd(shared), Contains(shared.socket_folder));
  shared.socket_folder = sandbox.path();
  shared.daemon = "/bin/true";
  CHECK(start_virtiofsd(shared).process.wait() == 0);
  CHECK(std::filesystem::is_empty(sandbox.path()));
}

TEST_CASE("a daemon that is not there is named", "[virtiofsd]") {
  SharedDirectory shared = folder(false);
  shared.daemon = "/nonexistent/virtiofsd";
  CHECK_THROWS_WITH(start_virtiofsd(shared), Contains("/nonexistent/virtiofsd"));
}
