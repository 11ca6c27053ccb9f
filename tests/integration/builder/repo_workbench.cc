// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/builder/repo_workbench.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "tests/integration/builder/package_shelf.h"
#include "tests/support/require.h"

namespace kata::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kChannels = "[{release: el9, pools: [pool]}]";

}  // namespace

RepoWorkbench::RepoWorkbench() {
  make_directories(path("pool"));
  make_directories(path("repo"));
  put("main/demo-1.0-1.el9.noarch.rpm");
  put("main/demo-lib-1.0-1.el9.noarch.rpm");
  write_recipe();
}

void RepoWorkbench::put(const std::string& package, const std::string& pool) const {
  make_directories(path(pool));
  fs::copy_file(package_shelf() + "/" + package,
                path(pool) + "/" + std::string(base_name(package)));
}

void RepoWorkbench::write_recipe(const std::string& more, const std::string& channels,
                                 const std::string& signing) const {
  write_file(path("recipe.yaml"),
             "name: kata\ntitle: Kata\nbase_url: " + base_url_ +
                 "\nsigning: " + (signing.empty() ? "{key_file: main.key}" : signing) +
                 "\nchannels: " + (channels.empty() ? kChannels : channels) + "\n" + more);
  if (!path_exists(path("main.key")))
    fs::copy_file(package_shelf() + "/main.key", path("main.key"));
}

Command RepoWorkbench::katabuild(const std::vector<std::string>& more) const {
  Command command;
  command.argv = {KATABUILD,    "repo",    "--recipe",    path("recipe.yaml"), "--output",
                  path("repo"), "--cache", path("cache"), "--progress",        "plain"};
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  command.cwd = KATA_SOURCE;  // its templates are below the working folder
  command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + path()};
  return command;
}

CommandResult RepoWorkbench::publish(const std::vector<std::string>& more) const {
  RealCommandRunner runner;
  return runner.run(katabuild(more));
}

CommandResult RepoWorkbench::verify(const std::vector<std::string>& more) const {
  Command command;
  command.argv = {KATABUILD, "verify", path("repo"), "--key", package_shelf() + "/main.asc"};
  if (!more.empty()) command.argv = {KATABUILD, "verify"};
  command.argv.insert(command.argv.end(), more.begin(), more.end());
  RealCommandRunner runner;
  return runner.run(command);
}

std::string RepoWorkbench::latest() const {
  return fs::canonical(path("repo/el9/x86_64/latest")).string();
}

std::string RepoWorkbench::metadata(const std::string& suffix) const {
  for (const auto& entry : fs::directory_iterator(latest() + "/repodata")) {
    if (entry.path().string().ends_with(suffix)) return entry.path().string();
  }
  throw_error(Code::not_found, "find a file that ends in {} in {}", suffix, latest());
}

std::map<std::string, std::string> RepoWorkbench::tree(const std::string& folder) const {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path(folder))) {
    const std::string name = entry.path().lexically_relative(path(folder)).string();
    if (entry.is_symlink()) {
      files[name] = "-> " + fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      files[name] = read_file(entry.path().string());
    }
  }
  return files;
}

Dnf::Dnf(const std::string& repo_file) {
  make_directories(dir_.path() + "/root");
  make_directories(dir_.path() + "/repos");
  make_directories(dir_.path() + "/log");
  fs::copy_file(repo_file, dir_.path() + "/repos/kata.repo");
}

CommandResult Dnf::run(const std::vector<std::string>& arguments) const {
  Command command;
  command.argv = {"dnf",
                  "--disableplugin=local",
                  "--installroot=" + dir_.path() + "/root",
                  "--setopt=reposdir=" + dir_.path() + "/repos",
                  "--setopt=cachedir=" + dir_.path() + "/cache",
                  "--setopt=logdir=" + dir_.path() + "/log",
                  "--setopt=persistdir=" + dir_.path() + "/state",
                  "--setopt=retries=1",
                  "--releasever=9",
                  "--forcearch=x86_64",
                  "-y"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir_.path(), "LC_ALL=C.UTF-8"};
  RealCommandRunner runner;
  return runner.run(command);
}

std::string Dnf::installed() const {
  Command command;
  command.argv = {"rpm", "--root", dir_.path() + "/root", "-qa"};
  // Debian's rpm keeps its database below $HOME, within the root
  command.env = {"PATH=/usr/bin:/bin", "HOME=" + dir_.path()};
  RealCommandRunner runner;
  return runner.run(command).output;
}

ServedRepo::ServedRepo(const std::string& more, const std::string& channels) {
  require_root();
  bench.set_base_url(server.url());
  bench.write_recipe(more, channels);
}

void ServedRepo::publish(long time) const {
  Command command = bench.katabuild();
  if (time > 0) command.env->push_back("SOURCE_DATE_EPOCH=" + std::to_string(time));
  RealCommandRunner runner;
  const CommandResult result = runner.run(command);
  INFO(result.error_output);
  REQUIRE(result.status == 0);
}

void flip_a_byte(const std::string& path, std::size_t from_end) {
  std::string bytes = read_file(path);
  char& byte = bytes.at(from_end > 0 ? bytes.size() - from_end : bytes.size() / 2);
  byte = static_cast<char>(byte ^ 1);
  write_file(path, bytes);
}

}  // namespace kata::test
