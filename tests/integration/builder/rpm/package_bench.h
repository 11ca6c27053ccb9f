// SPDX-License-Identifier: Apache-2.0
//
// A project tree, programs, a kernel and an image small enough to be packaged in a second, and
// `katabuild rpm` on the real templates and recipe.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::test {

class PackageBench {
 public:
  PackageBench();
  [[nodiscard]] std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  /// `katabuild rpm` with this bench's inputs and output, for `release`, and `more` arguments.
  [[nodiscard]] Command rpm(const std::string& release, const std::vector<std::string>& more) const;
  /// As above, run.
  CommandResult build(const std::string& release, const std::vector<std::string>& more = {}) const;
  /// The one package of the output whose file name begins with `name`.
  [[nodiscard]] std::string package(const std::string& release, const std::string& arch,
                                    const std::string& name) const;
  /// Writes the kata-runtime program anew, with `text` in it.
  void write_program(const std::string& name, const std::string& text) const;
  /// Makes an RSA key in the GnuPG home `home`; `options` go before gpg's command. Returns its
  /// fingerprint.
  std::string make_key(const std::string& home, const std::string& user,
                       const std::string& passphrase = "", const std::string& expires = "0",
                       const std::vector<std::string>& options = {}) const;
  /// gpg in `home`.
  CommandResult gpg(const std::string& home, const std::vector<std::string>& arguments) const;

 private:
  TempDir dir_;
};

/// Runs a program and gives all that it wrote to standard output; fails the test when it fails.
std::string output_of(const std::vector<std::string>& argv);
/// `rpm -qp --qf FORMAT PACKAGE`, signatures not asked for.
std::string query(const std::string& package, const std::string& format);

}  // namespace kata::test
