// SPDX-License-Identifier: Apache-2.0
//
// Which key signs: the `signing` section that recipes of packages, repositories and builds share.
#pragma once

#include <string>

#include "runtime/base/json.h"

namespace kata::recipe {

/// The key that signs packages and repositories. At most one of gnupg_home, key_file and
/// agent_socket is set.
struct SigningRecipe {
  std::string key;           ///< fingerprint, key id or user id; empty: the only secret key there
  std::string gnupg_home;    ///< a GnuPG home
  std::string key_file;      ///< an exported secret key
  std::string agent_socket;  ///< a gpg-agent that holds the secret half of `public_key`
  std::string public_key;    ///< with agent_socket only
  std::string passphrase_file;
  std::string passphrase_variable;  ///< of the environment
  bool trial = false;               ///< make `key_file` when it is not there

  bool operator==(const SigningRecipe&) const = default;
};

/// All values that are set; nothing secret is among them.
[[nodiscard]] Json to_json(const SigningRecipe& signing);
/// The reverse. Throws Json::exception.
[[nodiscard]] SigningRecipe signing_from_json(const Json& json);

}  // namespace kata::recipe
