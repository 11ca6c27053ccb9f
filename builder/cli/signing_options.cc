// SPDX-License-Identifier: Apache-2.0
#include "builder/cli/signing_options.h"

#include <CLI/CLI.hpp>

#include "builder/cli/session.h"
#include "runtime/base/error.h"

namespace kata::cli {

void add_signing_options(CLI::App& verb, SigningOptions& options) {
  verb.add_flag("--trial-key", options.trial_key,
                "sign with a throw-away key that expires after 30 days; made when it is not there");
  verb.add_option("--gnupg-home", options.signing.gnupg_home, "GnuPG home with the signing key")
      ->type_name("DIR");
  verb.add_option("--key-file", options.signing.key_file, "exported secret key to sign with")
      ->type_name("FILE");
  verb.add_option("--key", options.signing.key, "which key: fingerprint or user id")
      ->type_name("KEY");
  verb.add_option("--passphrase-file", options.signing.passphrase_file,
                  "file with the key's passphrase, readable by its owner only")
      ->type_name("FILE");
}

void apply_signing(const SigningOptions& options, std::optional<recipe::SigningRecipe>& chosen) {
  recipe::SigningRecipe signing = options.signing;
  for (std::string* path : {&signing.gnupg_home, &signing.key_file, &signing.passphrase_file})
    if (!path->empty()) *path = absolute_path(*path);
  signing.trial = options.trial_key;
  if (signing.trial && !signing.gnupg_home.empty())
    throw_error(Code::invalid_argument, "--trial-key and --gnupg-home exclude each other");
  if (!signing.gnupg_home.empty() && !signing.key_file.empty())
    throw_error(Code::invalid_argument, "--gnupg-home and --key-file exclude each other");
  if (signing.trial || !signing.gnupg_home.empty() || !signing.key_file.empty()) {
    chosen = signing;
  } else if (!signing.key.empty() || !signing.passphrase_file.empty()) {
    if (!chosen)
      throw_error(Code::invalid_argument,
                  "--key and --passphrase-file need --gnupg-home, --key-file or the recipe's "
                  "\"signing\"");
    if (!signing.key.empty()) chosen->key = signing.key;
    if (!signing.passphrase_file.empty()) {
      chosen->passphrase_file = signing.passphrase_file;
      chosen->passphrase_variable.clear();
    }
  }
}

}  // namespace kata::cli
