// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/gnupg.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::signing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kParent = "/tmp";
constexpr const char* kPrefix = "kata-gpg-";
constexpr const char* kLock = "in-use";
constexpr const char* kUnlocked = "not-yet-in-use";

/// Not by the build's runner, which starts nothing once the build was interrupted.
void end_agent(const std::string& home) {
  ignore_error(
      [&] {
        RealCommandRunner runner;
        Command command;
        command.timeout = std::chrono::seconds(20);
        command.argv = {"gpgconf", "--kill", "gpg-agent"};
        command.env = gpg_environment(home);
        (void)runner.run(command);
        command.argv = {"gpgconf", "--remove-socketdir"};
        (void)runner.run(command);
      },
      "an agent without its home ends by itself");
}

/// The lock's file gets its name once it is locked: whoever looks for abandoned folders meanwhile
/// must not find one that nobody seems to hold.
pipeline::FileLock claim(const std::string& folder) {
  const std::string unlocked = join_path(folder, kUnlocked);
  pipeline::FileLock lock(unlocked, [] {});
  if (::link(unlocked.c_str(), join_path(folder, kLock).c_str()) != 0 ||
      ::unlink(unlocked.c_str()) != 0)
    throw_errno(errno, "claim the temporary folder {}", folder);
  return lock;
}

/// Whether nobody may still be about to claim the folder: that takes no hour.
bool is_old(const struct stat& status) { return ::time(nullptr) - status.st_mtime > 3600; }

/// Homes of builds that were killed: they may hold a secret key, but for those never claimed.
void remove_abandoned() {
  for (const auto& entry : fs::directory_iterator(kParent)) {
    const std::string home = entry.path().string();
    struct stat status {};
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    if (::lstat(home.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid != ::geteuid())
      continue;
    if (!path_exists(home + "/" + kLock)) {
      if (is_old(status)) fs::remove_all(home);
      continue;
    }
    if (!pipeline::FileLock::try_lock(home + "/" + kLock)) continue;
    end_agent(home);
    fs::remove_all(home);
  }
}

}  // namespace

std::vector<std::string> gpg_environment(const std::string& home) {
  const char* path = std::getenv("PATH");
  return {fmt::format("PATH={}", path != nullptr ? path : "/usr/bin:/bin:/usr/sbin:/sbin"),
          "GNUPGHOME=" + home, "HOME=" + home, "LC_ALL=C", "TZ=UTC"};
}

Command gpg_command(const std::string& home, const std::vector<std::string>& arguments) {
  Command command;
  command.argv = {"gpg", "--batch", "--no-tty", "--no-permission-warning"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = gpg_environment(home);
  command.timeout = std::chrono::minutes(2);
  return command;
}

TemporaryFolder::TemporaryFolder()
    : folder_(kParent, fmt::format("{}{}-", kPrefix, ::getpid())), in_use_(claim(folder_.path())) {
  ignore_error(remove_abandoned, "somebody else's leavings are not this build's failure");
}

TemporaryHome::~TemporaryHome() { end_agent(path()); }

}  // namespace kata::signing
