// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/signer.h"

#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "gpg gives no reason";
  const std::size_t before = text.rfind('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return text.substr(begin, end + 1 - begin);
}

/// Hands the line of a signature's verdict to people.
std::string signature_verdict(const std::string& status, const std::string& error_output) {
  const auto has = [&](std::string_view word) {
    return status.find("[GNUPG:] " + std::string(word) + " ") != std::string::npos;
  };
  if (has("BADSIG")) return "the signature does not fit: the file was changed after it was signed";
  if (has("EXPKEYSIG")) return "the key has expired";
  if (has("REVKEYSIG")) return "the key was revoked";
  if (has("EXPSIG")) return "the signature has expired";
  if (has("NO_PUBKEY") || has("ERRSIG")) return "it is signed by another key";
  return last_line(error_output);
}

}  // namespace

Signer::Signer(const recipe::SigningRecipe& recipe, CommandRunner& runner)
    : key_(signing::open_signing_key(recipe, runner)), runner_(runner) {
  write_file(public_key_file(), public_key());
}

std::string Signer::public_key_file() const { return join_path(scratch_.path(), "key.asc"); }

std::string Signer::sign(const std::string& path) const {
  Command command;
  command.argv = {"gpg"};
  const std::vector<std::string> arguments = key_->gpg_arguments();
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  for (const char* argument : {"--quiet", "--armor", "--digest-algo", "SHA256", "--local-user"})
    command.argv.emplace_back(argument);
  command.argv.push_back(fingerprint());
  for (const char* argument : {"--output", "-", "--detach-sign"})
    command.argv.emplace_back(argument);
  command.argv.push_back(path);
  command.env = key_->environment();
  const CommandResult result = runner_.run(command);
  if (result.status == 0 && !result.output.empty()) return result.output;
  throw_error(Code::failed_precondition, "sign {} with {}: {}", path, describe(key_->facts()),
              last_line(result.error_output));
}

SignatureChecker::SignatureChecker(const std::string& public_key, CommandRunner& runner)
    : runner_(runner) {
  Command command;
  command.argv = {"gpg",     "--homedir",      home_.path(), "--batch", "--no-tty",
                  "--quiet", "--no-autostart", "--import",   public_key};
  const CommandResult result = runner_.run(command);
  if (result.status != 0) {
    throw_error(Code::invalid_argument, "read the public key {}: {}: name an armored public key",
                public_key, last_line(result.error_output));
  }
}

std::optional<std::string> SignatureChecker::problem(const std::string& data,
                                                     const std::string& signature) const {
  if (!path_exists(signature)) return "there is no signature";
  Command command;
  command.argv = {"gpg",
                  "--homedir",
                  home_.path(),
                  "--batch",
                  "--no-tty",
                  "--no-autostart",
                  "--trust-model",
                  "always",
                  "--status-fd",
                  "1",
                  "--verify",
                  signature,
                  data};
  const CommandResult result = runner_.run(command);
  const bool valid = result.output.find("[GNUPG:] GOODSIG ") != std::string::npos &&
                     result.output.find("[GNUPG:] VALIDSIG ") != std::string::npos;
  if (result.status == 0 && valid) return std::nullopt;
  return signature_verdict(result.output, result.error_output);
}

}  // namespace kata::repo
