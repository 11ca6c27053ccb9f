// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/package_bench.h"

#include <filesystem>
#include <vector>

#include "builder/pipeline/digest.h"
#include "runtime/base/command.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "tests/integration/builder/package_shelf.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::vector<std::string>& argv) {
  RealCommandRunner runner;
  Command run{.argv = argv};
  run.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
  return run_checked(runner, run).output;
}

}  // namespace

RpmBench::RpmBench(const std::string& signer) {
  fs::create_directories(path("repo"));
  for (const char* name : {"demo-1.0-1.el9.noarch.rpm", "demo-1.1-1.el9.noarch.rpm",
                           "demo-lib-1.0-1.el9.noarch.rpm"}) {
    fs::copy_file(package_shelf() + "/" + signer + "/" + name, path("repo/") + name);
  }
  fs::copy(package_shelf() + "/slow", path("repo"));
  fs::copy_file(package_shelf() + "/main.asc", path("main.asc"));
  (void)output_of({"createrepo_c", "-q", path("repo")});
}

void RpmBench::packages(const std::string& list) const {
  write_recipe(
      "base:\n  rpm:\n    release: \"9\"\n    repositories: [{id: local, baseurl: \"file://" +
      path("repo") + "\", gpg_keys: main.asc}]\n    packages: " + list + "\n");
}

DebianBench::DebianBench() {
  make("tiny-lib", "1:1.0-1", "");
  make("tiny", "2.0-1", "tiny-lib");
  std::string index;
  for (const auto& entry : fs::directory_iterator(path("repo"))) {
    const std::string file = entry.path().string();
    index += output_of({"dpkg-deb", "--field", file}) + "Filename: ./" +
             entry.path().filename().string() + "\nSize: " + std::to_string(entry.file_size()) +
             "\nSHA256: " + pipeline::sha256_of_file(file) + "\n\n";
  }
  write_file(path("repo/Packages"), index);
}

void DebianBench::packages(const std::string& list) const {
  write_recipe(
      "base:\n  debian:\n    suite: test\n    variant: extract\n    mirrors: [\"deb "
      "[trusted=yes] copy:" +
      path("repo") + " ./\"]\n    packages: " + list + "\n");
}

void DebianBench::make(const std::string& name, const std::string& version,
                       const std::string& needs) const {
  const std::string folder = path("deb/" + name);
  make_directories(folder + "/DEBIAN");
  make_directories(folder + "/usr/share/" + name);
  write_file(folder + "/usr/share/" + name + "/text", name + "\n");
  write_file(folder + "/DEBIAN/control",
             "Package: " + name + "\nVersion: " + version +
                 "\nArchitecture: all\nMaintainer: Nobody <nobody@example.com>\n" +
                 (needs.empty() ? "" : "Depends: " + needs + "\n") + "Description: for tests\n");
  make_directories(path("repo"));
  (void)output_of({"dpkg-deb", "--root-owner-group", "--build", folder, path("repo")});
}

}  // namespace kata::test
