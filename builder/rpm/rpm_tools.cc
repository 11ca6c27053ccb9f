// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/rpm_tools.h"

#include <array>
#include <cstdlib>

#include "runtime/base/error.h"

namespace kata::rpm {
namespace {

struct Tool {
  const char* name;
  const char* apt;
  const char* dnf;
  bool for_signing;
};

constexpr std::array<Tool, 7> kTools = {{{"rpmbuild", "rpm", "rpm-build", false},
                                         {"rpmkeys", "rpm", "rpm", false},
                                         {"tar", "tar", "tar", false},
                                         {"gzip", "gzip", "gzip", false},
                                         {"rpmsign", "rpm", "rpm-sign", true},
                                         {"gpg", "gnupg", "gnupg2", true},
                                         {"gpgconf", "gnupg", "gnupg2", true}}};

void add_word(std::string& list, const std::string& word) {
  if ((" " + list + " ").find(" " + word + " ") != std::string::npos) return;
  list += (list.empty() ? "" : " ") + word;
}

}  // namespace

void check_tools(bool signing, const std::function<bool(const std::string&)>& is_there) {
  std::string missing;
  std::string apt;
  std::string dnf;
  for (const Tool& tool : kTools) {
    if ((tool.for_signing && !signing) || is_there(tool.name)) continue;
    add_word(missing, tool.name);
    add_word(apt, tool.apt);
    add_word(dnf, tool.dnf);
  }
  if (missing.empty()) return;
  throw_error(Code::failed_precondition,
              "build packages: programs are missing: {}: install them with `apt-get install {}` or "
              "`dnf install {}`",
              missing, apt, dnf);
}

std::vector<std::string> rpm_environment(const std::string& home, std::int64_t timestamp) {
  const char* path = std::getenv("PATH");
  return {fmt::format("PATH={}", path != nullptr ? path : "/usr/bin:/bin:/usr/sbin:/sbin"),
          "HOME=" + home, "LC_ALL=C", "TZ=UTC", fmt::format("SOURCE_DATE_EPOCH={}", timestamp)};
}

std::string rpmbuild_version(CommandRunner& runner) {
  Command command;
  command.argv = {"rpmbuild", "--version"};
  command.env = rpm_environment("/", 0);
  const std::string text = run_checked(runner, command).output;
  return text.substr(0, text.find('\n'));
}

}  // namespace kata::rpm
