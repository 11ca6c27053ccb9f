// SPDX-License-Identifier: Apache-2.0
//
// Running gpg in a home of one's own choosing, so that the user's keys and settings decide nothing.
#pragma once

#include <string>
#include <vector>

#include "builder/pipeline/file_lock.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::signing {

/// `gpg --batch ARGUMENTS` with `home` as GNUPGHOME, in the C locale.
[[nodiscard]] Command gpg_command(const std::string& home,
                                  const std::vector<std::string>& arguments);
/// The environment of the above.
[[nodiscard]] std::vector<std::string> gpg_environment(const std::string& home);

/// A folder in /tmp, removed at the end of scope. What a killed katabuild left there goes when the
/// next one is made.
class TemporaryFolder {
 public:
  TemporaryFolder();
  [[nodiscard]] const std::string& path() const noexcept { return folder_.path(); }

 private:
  TempDir folder_;
  pipeline::FileLock in_use_;
};

/// A GnuPG home in such a folder (a socket's path must be short), whose agent ends with it.
class TemporaryHome {
 public:
  TemporaryHome() = default;
  TemporaryHome(const TemporaryHome&) = delete;
  TemporaryHome& operator=(const TemporaryHome&) = delete;
  ~TemporaryHome();
  [[nodiscard]] const std::string& path() const noexcept { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace kata::signing
