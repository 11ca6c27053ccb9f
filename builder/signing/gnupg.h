// SPDX-License-Identifier: Apache-2.0
//
// Running gpg in a home of one's own choosing, so that the user's keys and settings decide nothing.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::signing {

/// `gpg --batch ARGUMENTS` with `home` as GNUPGHOME, in the C locale.
[[nodiscard]] Command gpg_command(const std::string& home,
                                  const std::vector<std::string>& arguments);
/// The environment of the above.
[[nodiscard]] std::vector<std::string> gpg_environment(const std::string& home);

/// A GnuPG home in /tmp (a socket's path must be short), removed with its agent at the end of
/// scope.
class TemporaryHome {
 public:
  explicit TemporaryHome(CommandRunner& runner);
  TemporaryHome(const TemporaryHome&) = delete;
  TemporaryHome& operator=(const TemporaryHome&) = delete;
  ~TemporaryHome();
  [[nodiscard]] const std::string& path() const noexcept { return folder_.path(); }

 private:
  CommandRunner& runner_;
  TempDir folder_;
};

}  // namespace kata::signing
