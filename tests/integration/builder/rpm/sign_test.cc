// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/scope_exit.h"
#include "tests/integration/builder/rpm/package_bench.h"

namespace {

using namespace kata;
using test::PackageBench;
using test::query;
namespace fs = std::filesystem;

constexpr const char* kPassphrase = "correct horse battery staple";

std::vector<std::string> agent_only(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--package", "kata-agent"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// The agent of a test's GnuPG home ends with the test.
struct AgentEnd {
  ~AgentEnd() {
    RealCommandRunner runner;
    Command command;
    command.argv = {"gpgconf", "--homedir", home, "--kill", "gpg-agent"};
    ignore_error([&] { (void)runner.run(command); }, "it may be gone already");
  }
  std::string home;
};

void write_secret(const std::string& path, const std::string& text) {
  write_file(path, text, 0600);
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

/// All text below a folder, to look for what must not be there.
bool is_anywhere(const std::string& folder, const std::string& text) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && read_file(entry.path().string()).find(text) != std::string::npos)
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a trial key is made once, and its public half is what checks the packages", "[rpm]") {
  const PackageBench bench;
  REQUIRE(bench.build("el9", agent_only({"--trial-key"})).status == 0);
  const std::string secret = bench.path("cache/trial-key/secret.asc");
  struct stat status {};
  REQUIRE(::stat(secret.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  const std::string key = read_file(bench.path("out/RPM-GPG-KEY-kata"));
  CHECK_THAT(key, Catch::StartsWith("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
  CHECK_FALSE(is_anywhere(bench.path("out"), "PRIVATE KEY"));
  CHECK_THAT(query(bench.package("el9", "x86_64", "kata-agent"), "%{RSAHEADER:pgpsig}"),
             Catch::StartsWith("RSA/SHA256, "));
  fs::remove_all(bench.path("out"));
  REQUIRE(bench.build("el9", agent_only({"--trial-key"})).status == 0);
  CHECK(read_file(bench.path("out/RPM-GPG-KEY-kata")) == key);
}

TEST_CASE("a key with a passphrase signs, and the passphrase is seen nowhere", "[rpm]") {
  const PackageBench bench;
  const std::string home = bench.path("gnupg");
  const AgentEnd end{home};
  const std::string fingerprint = bench.make_key(home, "a@example.com", kPassphrase);
  // The agent must not remember it from the key's making.
  test::output_of({"gpgconf", "--homedir", home, "--kill", "gpg-agent"});
  write_secret(bench.path("passphrase"), std::string(kPassphrase) + "\n");
  // A gpg that writes its arguments down before it is the real one.
  make_directories(bench.path("bin"));
  write_file(bench.path("bin/gpg"), "#!/bin/sh\necho \"$@\" >>" + bench.path("arguments") +
                                        "\ncat /proc/$PPID/cmdline >>" + bench.path("arguments") +
                                        "\nexec /usr/bin/gpg \"$@\"\n");
  REQUIRE(::chmod(bench.path("bin/gpg").c_str(), 0755) == 0);
  Command command = bench.rpm("el9", {});
  command.env = std::vector<std::string>{"PATH=" + bench.path("bin") + ":/usr/bin:/bin"};
  SECTION("from a file") {
    for (const char* word : {"--package", "kata-agent", "--gnupg-home"})
      command.argv.emplace_back(word);
    command.argv.insert(command.argv.end(), {home, "--passphrase-file", bench.path("passphrase")});
  }
  SECTION("from the environment, by the recipe") {
    write_file(bench.path("recipe.yaml"),
               "name: p\npackager: P\nvendor: V\nurl: u\ntemplates: " KATA_SOURCE_DIR
               "/rpm\npackages: {kata-agent: }\nsigning:\n  gnupg_home: gnupg\n  key: " +
                   fingerprint + "\n  passphrase_variable: SECRET\n");
    *(std::find(command.argv.begin(), command.argv.end(), "--recipe") + 1) =
        bench.path("recipe.yaml");
    command.env->push_back(std::string("SECRET=") + kPassphrase);
  }
  RealCommandRunner runner;
  const CommandResult result = runner.run(command);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("signed by " + fingerprint));
  CHECK_THAT(read_file(bench.path("arguments")),
             Catch::Contains("--passphrase-file") && !Catch::Contains(kPassphrase));
  CHECK_FALSE(is_anywhere(bench.path("out"), kPassphrase));
  CHECK_FALSE(is_anywhere(bench.path("cache"), kPassphrase));
  CHECK_THAT(result.output + result.error_output, !Catch::Contains(kPassphrase));
}

TEST_CASE("an agent behind a socket signs, with no secret key on this side", "[rpm]") {
  const PackageBench bench;
  const std::string home = bench.path("gnupg");
  const AgentEnd end{home};
  const std::string fingerprint = bench.make_key(home, "a@example.com");
  write_file(bench.path("public.asc"), bench.gpg(home, {"--armor", "--export"}).output);
  std::string socket =
      test::output_of({"gpgconf", "--homedir", home, "--list-dirs", "agent-socket"});
  socket.resize(socket.find('\n'));
  write_file(bench.path("recipe.yaml"),
             "name: p\npackager: P\nvendor: V\nurl: u\ntemplates: " KATA_SOURCE_DIR
             "/rpm\npackages: {kata-agent: }\nsigning: {agent_socket: " +
                 socket + ", public_key: public.asc}\n");
  Command command = bench.rpm("el9", {});
  *(std::find(command.argv.begin(), command.argv.end(), "--recipe") + 1) =
      bench.path("recipe.yaml");
  RealCommandRunner runner;
  const CommandResult result = runner.run(command);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
  CHECK_THAT(result.output, Catch::Contains("signed by " + fingerprint));
  // Without its agent it is an error, not a wait.
  fs::remove_all(bench.path("out"));
  test::output_of({"gpgconf", "--homedir", home, "--kill", "gpg-agent"});
  const CommandResult gone = runner.run(command);
  CHECK(gone.status == 1);
  CHECK_THAT(gone.error_output,
             Catch::Contains("agent_socket") || Catch::Contains("public half only"));
  CHECK_FALSE(fs::exists(bench.path("out")));
}

TEST_CASE("a key that cannot sign is told with the reason, before anything is built", "[rpm]") {
  const PackageBench bench;
  const std::string home = bench.path("gnupg");
  const AgentEnd end{home};
  std::string expected;
  std::vector<std::string> options = {"--gnupg-home", home};
  SECTION("no such home") { expected = "there is no folder " + home; }
  SECTION("no key in it") {
    make_directories(home, 0700);
    expected = "there is no such key";
  }
  SECTION("expired") {
    bench.make_key(home, "a@example.com", "", "1d", {"--faked-system-time", "20200101T000000"});
    expected = "it expired on 2020-01-02: extend it";
  }
  SECTION("two keys and no choice") {
    bench.make_key(home, "a@example.com");
    bench.make_key(home, "b@example.com");
    expected = "holds 2 keys; name one of them";
  }
  SECTION("no secret half") {
    bench.make_key(bench.path("elsewhere"), "a@example.com");
    write_file(bench.path("public.asc"),
               bench.gpg(bench.path("elsewhere"), {"--armor", "--export"}).output);
    const AgentEnd other{bench.path("elsewhere")};
    REQUIRE(bench.gpg(home, {"--import", bench.path("public.asc")}).status == 0);
    expected = "has its public half only";
  }
  SECTION("locked") {
    bench.make_key(home, "a@example.com", kPassphrase);
    test::output_of({"gpgconf", "--homedir", home, "--kill", "gpg-agent"});
    expected = "the key is locked, and katabuild asks nobody";
  }
  SECTION("a wrong passphrase") {
    bench.make_key(home, "a@example.com", kPassphrase);
    test::output_of({"gpgconf", "--homedir", home, "--kill", "gpg-agent"});
    write_secret(bench.path("passphrase"), "wrong");
    options.insert(options.end(), {"--passphrase-file", bench.path("passphrase")});
    expected = "the passphrase of " + bench.path("passphrase") + " is wrong";
  }
  SECTION("a passphrase that everybody may read") {
    bench.make_key(home, "a@example.com", kPassphrase);
    write_file(bench.path("passphrase"), kPassphrase);
    REQUIRE(::chmod(bench.path("passphrase").c_str(), 0644) == 0);
    options.insert(options.end(), {"--passphrase-file", bench.path("passphrase")});
    expected = "others than its owner may read";
  }
  SECTION("a key file that holds none") {
    write_secret(bench.path("key.asc"), "nothing");
    options = {"--key-file", bench.path("key.asc")};
    expected = "holds no OpenPGP key";
  }
  SECTION("an algorithm that el7 cannot verify") {
    REQUIRE(bench
                .gpg(home, {"--passphrase", "", "--quick-generate-key", "a@example.com", "ed25519",
                            "sign", "0"})
                .status == 0);
    expected = "verifies RSA signatures only";
  }
  const CommandResult result = bench.build("el7", agent_only(options));
  CHECK(result.status == 1);
  CHECK_THAT(result.error_output, Catch::Contains(expected));
  CHECK_FALSE(fs::exists(bench.path("out")));
}
