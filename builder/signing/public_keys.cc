// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/public_keys.h"

#include "builder/signing/gnupg.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"

namespace kata::signing {

std::vector<KeyFacts> read_public_keys(const std::string& path, CommandRunner& runner) {
  if (!path_exists(path))
    throw_error(Code::not_found, "read the public key {}: there is no such file", path);
  const TemporaryHome home;
  const Command command = gpg_command(
      home.path(), {"--with-colons", "--import-options", "show-only", "--import", path});
  std::vector<KeyFacts> keys = parse_key_list(runner.run(command).output);
  if (keys.empty())
    throw_error(Code::invalid_argument, "read the public key {}: it holds no OpenPGP key", path);
  return keys;
}

}  // namespace kata::signing
