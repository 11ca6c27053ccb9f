// SPDX-License-Identifier: Apache-2.0
//
// Signing the repository's metadata, and checking such signatures, through gpg.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "builder/recipe/signing_recipe.h"
#include "builder/signing/gnupg.h"
#include "builder/signing/signing_key.h"
#include "runtime/base/command.h"

namespace kata::repo {

class Signer {
 public:
  /// As SigningKey: throws Error that says why the key cannot sign and what to do.
  Signer(const recipe::SigningRecipe& recipe, CommandRunner& runner);
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  [[nodiscard]] const std::string& fingerprint() const noexcept {
    return key_->facts().fingerprint;
  }
  /// The armored public key; the same bytes each time.
  [[nodiscard]] const std::string& public_key() const noexcept { return key_->public_key(); }
  /// A file with the public key, for as long as this object lives.
  [[nodiscard]] std::string public_key_file() const;
  /// An armored detached signature of the file at `path`. Throws Error.
  [[nodiscard]] std::string sign(const std::string& path) const;

 private:
  std::shared_ptr<const signing::SigningKey> key_;
  CommandRunner& runner_;
  signing::TemporaryFolder scratch_;
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
  signing::TemporaryFolder home_;
};

}  // namespace kata::repo
