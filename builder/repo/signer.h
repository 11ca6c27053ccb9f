// SPDX-License-Identifier: Apache-2.0
//
// The key that signs the repository, through gpg. A passphrase goes to gpg by a pipe only; it is on
// no command line and in no log.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "builder/recipe/repo_recipe.h"
#include "builder/signing/gnupg.h"
#include "runtime/base/command.h"
#include "runtime/base/io.h"

namespace kata::repo {

class Signer {
 public:
  /// Finds the key and checks that it can sign: secret half there, not expired, not revoked. Throws
  /// Error that says what to do.
  Signer(const recipe::RepoSigning& signing, CommandRunner& runner);
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  /// The armored public key; the same bytes each time.
  [[nodiscard]] const std::string& public_key() const noexcept { return public_key_; }
  /// A file with the public key, for as long as this object lives.
  [[nodiscard]] std::string public_key_file() const;
  /// An armored detached signature of the file at `path`. Throws Error.
  [[nodiscard]] std::string sign(const std::string& path) const;

 private:
  [[nodiscard]] Command gpg(const std::vector<std::string>& arguments) const;
  void import_key_file();
  void choose_key();

  recipe::RepoSigning signing_;
  CommandRunner& runner_;
  std::string passphrase_;
  std::string home_;
  signing::TemporaryHome scratch_;  ///< the public key's file; the home of a key in a file
  std::string fingerprint_;
  std::string public_key_;
};

/// Checks detached signatures against one public key, in a GnuPG home of its own.
class SignatureChecker {
 public:
  /// `public_key` is a file with an armored key. Throws Error when gpg cannot read it.
  SignatureChecker(const std::string& public_key, CommandRunner& runner);
  /// Nothing when `signature` is the key's, for the file `data`, and the key is valid; else what is
  /// wrong. Throws Error when gpg cannot be run.
  [[nodiscard]] std::optional<std::string> problem(const std::string& data,
                                                   const std::string& signature) const;

 private:
  CommandRunner& runner_;
  TempDir home_;
};

}  // namespace kata::repo
