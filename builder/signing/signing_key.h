// SPDX-License-Identifier: Apache-2.0
//
// The key that a recipe's `signing` section means, ready to sign: every reason why it could not is
// found when the object is made, before anything is built.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "builder/recipe/signing_recipe.h"
#include "builder/signing/gnupg.h"
#include "builder/signing/key_list.h"
#include "runtime/base/fd.h"

namespace kata::signing {

class SigningKey {
 public:
  /// Finds the key, checks that it may sign, and signs a few bytes to be sure that its secret half
  /// is unlocked. Throws Error(failed_precondition) that says what is wrong with it and what to do.
  SigningKey(const recipe::SigningRecipe& recipe, CommandRunner& runner);

  [[nodiscard]] const KeyFacts& facts() const noexcept { return facts_; }
  /// Its public half, in ASCII armour.
  [[nodiscard]] const std::string& public_key() const noexcept { return public_key_; }
  /// The environment in which gpg finds it.
  [[nodiscard]] std::vector<std::string> environment() const { return gpg_environment(home_); }
  /// gpg's arguments to sign without a question. They name a descriptor of this process, never the
  /// passphrase.
  [[nodiscard]] std::vector<std::string> gpg_arguments() const;

 private:
  void open_home(const recipe::SigningRecipe& recipe);
  void read_passphrase(const recipe::SigningRecipe& recipe);
  void choose_key(const std::string& wanted);
  void try_to_sign(const recipe::SigningRecipe& recipe);

  CommandRunner& runner_;
  std::unique_ptr<TemporaryHome> temporary_;
  std::string home_;
  std::string where_;  ///< for messages
  bool use_agent_only_ = false;
  UniqueFd passphrase_;
  KeyFacts facts_;
  std::string public_key_;
};

/// The key of `recipe`. As long as somebody holds it, the next who asks gets the same object: a
/// build whose stages sign with one key opens it once. Throws as the constructor.
[[nodiscard]] std::shared_ptr<const SigningKey> open_signing_key(
    const recipe::SigningRecipe& recipe, CommandRunner& runner);

}  // namespace kata::signing
