// SPDX-License-Identifier: Apache-2.0
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"
#include "tests/integration/builder/rpm/package_bench.h"
#include "tests/support/require.h"

namespace {

using namespace kata;
using test::output_of;
using test::PackageBench;
using test::query;
namespace fs = std::filesystem;

const std::vector<std::string> kRuntimeOnly = {"--package", "kata-runtime"};

}  // namespace

TEST_CASE("packages for el7 are such as its rpm reads and installs", "[rpm]") {
  const PackageBench bench;
  const CommandResult result = bench.build("el7", {"--trial-key"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_FALSE(fs::exists(bench.path("out/el7/SRPMS/katabuild-0.1.0-1.el7.src.rpm")));
  for (const char* name : {"x86_64/kata-runtime", "x86_64/kata-kernel", "x86_64/kata-agent",
                           "noarch/kata-image", "noarch/kata-release-el7"}) {
    const std::string package =
        bench.package("el7", parent_path(name), std::string(base_name(name)));
    INFO(package);
    CHECK_THAT(package, Catch::EndsWith("1.el7." + parent_path(name) + ".rpm"));
    // 8 is SHA-256 in OpenPGP's list of digests
    CHECK(query(package, "%{PAYLOADCOMPRESSOR} %{FILEDIGESTALGO}") == "xz 8");
    CHECK(query(package, "%{RPMTAG_RECOMMENDNAME}") == "(none)");
    const std::string requires_text = query(package, "[%{REQUIRENAME}\n]");
    CHECK_THAT(requires_text, !Catch::Contains("Zstd") && !Catch::Contains("RichDependencies") &&
                                  !Catch::Contains("lib64") && !Catch::Contains("/bin"));
    // rpm 4.11 checks a whole package before installation by a signature over header and payload
    CHECK(query(package, "%{SIGPGP:pgpsig}") != "(none)");
  }
}

TEST_CASE("packages carry what the recipe says, and nothing of the machine", "[rpm]") {
  const PackageBench bench;
  const CommandResult result = bench.build("el9", {"--trial-key"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  const std::string runtime = bench.package("el9", "x86_64", "kata-runtime");
  const std::string needed = query(runtime, "[%{REQUIRENAME}\n]");
  CHECK_THAT(needed, Catch::Contains("kata-image\n") && Catch::Contains("kata-kernel\n") &&
                         Catch::Contains("qemu-kvm-core\n") && Catch::Contains("virtiofsd\n") &&
                         Catch::Contains("PayloadIsZstd"));
  CHECK_THAT(query(runtime, "[%{OBSOLETENAME} ]"),
             Catch::Contains("kata-proxy") && Catch::Contains("kata-ksm-throttler"));
  CHECK(query(runtime, "%{BUILDHOST} %{BUILDTIME}") == "katabuild 1767225600");
  CHECK(query(runtime, "[%{FILEUSERNAME} ]").find_first_not_of("rot ") == std::string::npos);
  CHECK_THAT(query(runtime, "%{LICENSE}|%{URL}|%{VENDOR}"),
             Catch::StartsWith("Apache-2.0") && !Catch::Contains("(none)"));
  CHECK(query(runtime, "%{CHANGELOGTEXT}") == "- Added: first");
  CHECK(query(runtime, "%{POSTIN}%{PREIN}%{PREUN}%{POSTUN}") == "(none)(none)(none)(none)");
  CHECK(output_of({"rpm", "--nosignature", "-qpc", runtime}) ==
        "/etc/containerd/conf.d/50-kata.toml\n/etc/containers/containers.conf.d/50-kata.conf\n"
        "/etc/crio/crio.conf.d/50-kata.conf\n/etc/kata-containers/configuration.toml\n");
  CHECK_THAT(query(bench.package("el9", "x86_64", "kata-kernel"), "%{VERSION} [%{PROVIDENAME} ]"),
             Catch::StartsWith("6.1.99 ") && Catch::Contains("kernel-uek-container"));
  const std::string release = bench.package("el9", "noarch", "kata-release-el9");
  CHECK(output_of({"rpm", "--nosignature", "-qpl", release}) ==
        "/etc/pki/rpm-gpg/RPM-GPG-KEY-kata\n/etc/yum.repos.d/kata.repo\n"
        "/usr/share/licenses/kata-release\n/usr/share/licenses/kata-release/LICENSE\n");
  // Linked dynamically: on another system than its own only the source package is right.
  CHECK(fs::exists(bench.path("out/el9/SRPMS/katabuild-0.1.0-1.el9.src.rpm")));
  CHECK_FALSE(fs::exists(bench.path("out/el9/x86_64/katabuild-0.1.0-1.el9.x86_64.rpm")));
}

TEST_CASE("two builds in two places, of two users, give the same bytes", "[rpm]") {
  const PackageBench bench;
  const std::vector<std::string> packages = {"--package",  "kata-runtime", "--package",
                                             "kata-image", "--package",    "katabuild"};
  REQUIRE(bench.build("el9", packages).status == 0);
  Command again = bench.rpm("el9", packages);
  *(std::find(again.argv.begin(), again.argv.end(), "--output") + 1) = bench.path("other/out");
  *(std::find(again.argv.begin(), again.argv.end(), "--cache") + 1) = bench.path("other/cache");
  again.env = std::vector<std::string>{"PATH=/usr/bin:/bin", "HOME=/nowhere", "TZ=Asia/Tokyo",
                                       "LC_ALL=xx", "HOSTNAME=me"};
  fs::create_directories(bench.path("other"));
  if (::geteuid() == 0) {
    REQUIRE(::chown(bench.path("other").c_str(), 65534, 65534) == 0);
    REQUIRE(::chmod(bench.path("").c_str(), 0755) == 0);
  }
  again.before_exec = [] {
    ::umask(077);
    return ::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0) ? 1 : 0;
  };
  RealCommandRunner runner;
  Command reach;
  reach.argv = {"test", "-x", KATABUILD};
  reach.before_exec = again.before_exec;
  // Where the tree is out of the other user's reach (in /root), the user is the same.
  if (runner.run(reach).status != 0)
    again.before_exec = [] {
      ::umask(077);
      return 0;
    };
  const CommandResult result = runner.run(again);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(bench.path("out/el9"))) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().string().substr(bench.path("out").size());
    INFO(name);
    CHECK(read_file(entry.path().string()) == read_file(bench.path("other/out" + name)));
    ++compared;
  }
  CHECK(compared == 10);  // each with its SBOM
}

TEST_CASE("whoever rebuilds the source package, offline, gets the same package", "[rpm]") {
  const PackageBench bench;
  REQUIRE(bench.build("el9", kRuntimeOnly).status == 0);
  std::vector<std::string> command = {"rpmbuild", "--rebuild", "--define",
                                      "_topdir " + bench.path("rebuilt"),
                                      bench.package("el9", "SRPMS", "kata-runtime")};
  if (::geteuid() == 0) command.insert(command.begin(), {"unshare", "--net"});
  output_of(command);
  const std::string ours = bench.package("el9", "x86_64", "kata-runtime");
  const std::string theirs = bench.path("rebuilt/RPMS/x86_64/" + std::string(base_name(ours)));
  CHECK(read_file(theirs) == read_file(ours));
}

TEST_CASE("from source, the programs are compiled by rpmbuild and those given are not taken",
          "[rpm]") {
  test::require_program("cmake");
  test::require_program("ninja");
  const PackageBench bench;
  fs::remove_all(bench.path("programs"));
  const CommandResult result = bench.build("el9", {"--from-source", "--package", "kata-agent"});
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  const std::string package = bench.package("el9", "x86_64", "kata-agent");
  CHECK(query(package, "[%{FILENAMES} %{FILEMODES:octal}\n]")
            .find("/usr/libexec/kata-containers/kata-agent 100755\n") != std::string::npos);
  // what it takes to compile is in the source package
  CHECK_THAT(query(bench.package("el9", "SRPMS", "kata-agent"), "[%{REQUIRENAME}\n]"),
             Catch::Contains("glibc-static"));
}

TEST_CASE("what did not change is not built again", "[rpm]") {
  const PackageBench bench;
  const std::vector<std::string> both = {"--package", "kata-runtime", "--package", "kata-kernel"};
  REQUIRE(bench.build("el9", both).status == 0);
  CHECK_THAT(bench.build("el9", both).output, Catch::Contains("4 packages, 4 of them up to date"));
  // Another release or package beside does not make it forget.
  REQUIRE(bench.build("el8", {"--package", "kata-image"}).status == 0);
  CHECK_THAT(bench.build("el9", both).output, Catch::Contains("4 packages, 4 of them up to date"));
  bench.write_program("kata-runtime", "changed");
  write_file(bench.path("source/main.c"), "// changed\n");
  CHECK_THAT(bench.build("el9", both).output, Catch::Contains("4 packages, 2 of them up to date"));
  write_file(bench.package("el9", "x86_64", "kata-kernel"), "damaged");
  CHECK_THAT(bench.build("el9", both).output, Catch::Contains("4 packages, 2 of them up to date"));
  CHECK(query(bench.package("el9", "x86_64", "kata-kernel"), "%{NAME}") == "kata-kernel");
}

TEST_CASE("the kernel's source is in its source package when it is the one the kernel was built of",
          "[rpm]") {
  const PackageBench bench;
  const std::string source = bench.path("linux-6.1.tar.xz");
  const std::vector<std::string> options = {"--package", "kata-kernel", "--kernel-source", source};
  write_file(source, "another\n");
  const CommandResult wrong = bench.build("el9", options);
  CHECK(wrong.status == 1);
  CHECK_THAT(wrong.error_output, Catch::Contains("linux-6.1.tar.xz: its sha256 is"));
  write_file(source, "linux\n");
  const CommandResult result = bench.build("el9", options);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(query(bench.package("el9", "SRPMS", "kata-kernel"), "[%{FILENAMES}\n]"),
             Catch::Contains("linux-6.1.tar.xz\n"));
}

TEST_CASE("rpmlint finds no error in the packages", "[rpm]") {
  test::require_program("rpmlint");
  const PackageBench bench;
  REQUIRE(bench.build("el9", {"--trial-key"}).status == 0);
  RealCommandRunner runner;
  for (const auto& entry : fs::recursive_directory_iterator(bench.path("out/el9"))) {
    if (!entry.is_regular_file()) continue;
    Command command;
    command.argv = {"rpmlint", "--config", KATA_SOURCE_DIR "/rpm/rpmlint.toml",
                    entry.path().string()};
    const CommandResult result = runner.run(command);
    INFO(result.output + result.error_output);
    CHECK_THAT(result.output, Catch::Contains(" 0 errors"));
  }
}

TEST_CASE("inputs that are missing are named all at once, before anything is made", "[rpm]") {
  const PackageBench bench;
  fs::remove(bench.path("programs/kata-agent"));
  fs::remove(bench.path("guest/initrd.img"));
  const CommandResult result = bench.build("el9", {"--trial-key"});
  CHECK(result.status == 2);
  CHECK_THAT(result.error_output, Catch::Contains("the program kata-agent: there is no") &&
                                      Catch::Contains("the image: there is no"));
  CHECK_FALSE(fs::exists(bench.path("out")));
}

TEST_CASE("inputs that are not what they should be are refused", "[rpm]") {
  const PackageBench bench;
  std::string expected;
  SECTION("a program that needs the builder's C library") {
    fs::copy_file("/bin/true", bench.path("programs/kata-runtime"),
                  fs::copy_options::overwrite_existing);
    expected = "programs/kata-runtime: it is dynamically linked";
  }
  SECTION("a kernel other than its manifest says") {
    write_file(bench.path("guest/vmlinux-6.1.99.container"), "another");
    expected = "vmlinux-6.1.99.container: its sha256 is";
  }
  SECTION("an image other than its manifest says") {
    write_file(bench.path("guest/initrd.img"), "another");
    expected = "initrd.img: its sha256 is";
  }
  SECTION("no key for the package that installs it") {
    expected = "kata-release installs the public key, but there is no key";
  }
  const CommandResult result = bench.build("el9");
  CHECK(result.status != 0);
  CHECK_THAT(result.error_output, Catch::Contains(expected));
  CHECK_FALSE(fs::exists(bench.path("out/el9")));
}

TEST_CASE("a full disk is told with the place, and leaves no half package", "[rpm]") {
  test::require_root();
  const PackageBench bench;
  fs::create_directories(bench.path("small"));
  REQUIRE(::mount("none", bench.path("small").c_str(), "tmpfs", 0, "size=64k") == 0);
  const ScopeExit unmount([&] { ::umount2(bench.path("small").c_str(), MNT_DETACH); });
  write_file(bench.path("small/filler"), std::string(60000, 'x'));
  const auto [option, where] = GENERATE(
      table<std::string, std::string>({{"--cache", "small/cache"}, {"--output", "small/out"}}));
  Command command = bench.rpm("el9", kRuntimeOnly);
  *(std::find(command.argv.begin(), command.argv.end(), option) + 1) = bench.path(where);
  RealCommandRunner runner;
  const CommandResult result = runner.run(command);
  CHECK(result.status == 1);
  INFO(result.error_output);
  CHECK_THAT(result.error_output, Catch::Contains("disk full") && Catch::Contains("MB free on"));
  for (const auto& entry : fs::recursive_directory_iterator(bench.path("small")))
    CHECK_FALSE(entry.path().filename().string().starts_with(".katabuild-partial"));
}
