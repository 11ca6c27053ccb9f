// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/gnupg.h"

#include <cstdlib>

#include "runtime/base/error.h"

namespace kata::signing {

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

TemporaryHome::TemporaryHome(CommandRunner& runner)
    : runner_(runner), folder_("/tmp", "kata-gpg-") {}

TemporaryHome::~TemporaryHome() {
  ignore_error(
      [&] {
        Command command;
        command.argv = {"gpgconf", "--kill", "all"};
        command.env = gpg_environment(path());
        (void)runner_.run(command);
        command.argv = {"gpgconf", "--remove-socketdir"};
        (void)runner_.run(command);
      },
      "an agent without its home ends by itself");
}

}  // namespace kata::signing
