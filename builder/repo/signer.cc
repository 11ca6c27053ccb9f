// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/signer.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/path.h"

namespace kata::repo {
namespace {

using Fields = std::vector<std::string>;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string last_line(const std::string& text) {
  std::string line;
  for (const std::string& candidate : split(text, '\n')) {
    if (!candidate.empty()) line = candidate;
  }
  return line.empty() ? "gpg gives no reason" : line;
}

/// A key in `gpg --with-colons`, see doc/DETAILS of GnuPG.
struct ListedKey {
  std::string fingerprint;
  char validity = '-';
  bool has_secret = false;
  bool can_sign = false;
};

std::vector<ListedKey> listed_keys(const std::string& colons) {
  std::vector<ListedKey> keys;
  for (const std::string& line : split(colons, '\n')) {
    const Fields fields = split(line, ':');
    if (fields[0] == "sec" && fields.size() > 14) {
      // "#" stands for a secret key of which only a stub is there
      keys.push_back({.fingerprint = "",
                      .validity = fields[1].empty() ? '-' : fields[1][0],
                      .has_secret = fields[14] != "#",
                      .can_sign = fields[11].find('S') != std::string::npos});
    } else if (fields[0] == "ssb" && fields.size() > 14 && !keys.empty()) {
      if (fields[14] != "#" && fields[11].find('s') != std::string::npos)
        keys.back().has_secret = true;
    } else if (fields[0] == "fpr" && fields.size() > 9 && !keys.empty() &&
               keys.back().fingerprint.empty()) {
      keys.back().fingerprint = fields[9];
    }
  }
  return keys;
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

Signer::Signer(const recipe::RepoSigning& signing, CommandRunner& runner)
    : signing_(signing), runner_(runner), home_(signing.gnupg_home) {
  if (!signing.passphrase_file.empty()) {
    passphrase_ = in_context([&] { return read_file(signing.passphrase_file, 4096); },
                             "read the signing key's passphrase");
    passphrase_ = passphrase_.substr(0, passphrase_.find('\n')) + "\n";
  }
  if (!find_program("gpg"))
    throw_error(Code::failed_precondition,
                "sign the repository: gpg is not installed: install the package gnupg (gnupg2)");
  if (home_.empty()) {
    import_key_file();
  } else if (!path_exists(home_)) {
    throw_error(Code::invalid_argument,
                "sign the repository: there is no GnuPG home {}: make it, or name another in the "
                "recipe's signing.gnupg_home",
                home_);
  }
  choose_key();
  const CommandResult exported = run_checked(
      runner_, gpg({"--armor", "--export-options", "export-minimal", "--export", fingerprint_}));
  public_key_ = exported.output;
  write_file(public_key_file(), public_key_);
}

std::string Signer::public_key_file() const { return join_path(scratch_.path(), "key.asc"); }

Command Signer::gpg(const std::vector<std::string>& arguments) const {
  Command command;
  command.argv = {"gpg", "--homedir", home_, "--batch", "--no-tty", "--quiet"};
  if (!passphrase_.empty()) {
    command.argv.insert(command.argv.end(),
                        {"--pinentry-mode", "loopback", "--passphrase-fd", "0"});
    command.input = passphrase_;
  } else if (::isatty(STDIN_FILENO) == 0) {
    // nobody could answer a pinentry, and it would wait for ever
    command.argv.insert(command.argv.end(), {"--pinentry-mode", "error"});
  }
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  return command;
}

void Signer::import_key_file() {
  home_ = scratch_.path();
  const CommandResult result = runner_.run(gpg({"--import", signing_.key_file}));
  if (result.status == 0) return;
  throw_error(
      Code::invalid_argument,
      "import the signing key {}: {}: name an exported secret key (gpg --export-secret-keys)",
      signing_.key_file, last_line(result.error_output));
}

void Signer::choose_key() {
  const std::string where = signing_.gnupg_home.empty() ? signing_.key_file : signing_.gnupg_home;
  const std::string wanted = signing_.key.empty() ? "any key" : "key " + signing_.key;
  std::vector<std::string> arguments = {"--with-colons", "--list-secret-keys"};
  if (!signing_.key.empty()) arguments.push_back(signing_.key);
  const CommandResult result = runner_.run(gpg(arguments));
  const std::vector<ListedKey> keys = listed_keys(result.output);
  if (keys.empty()) {
    throw_error(Code::failed_precondition,
                "sign the repository with {} of {}: its secret half is not there: import it with "
                "gpg --import, or name another key in the recipe's signing",
                wanted, where);
  }
  if (keys.size() > 1) {
    throw_error(Code::invalid_argument,
                "sign the repository with {} of {}: {} keys fit, {} and {} among them: name one by "
                "its fingerprint in the recipe's signing.key",
                wanted, where, keys.size(), keys[0].fingerprint, keys[1].fingerprint);
  }
  const ListedKey& key = keys[0];
  const char* what = key.validity == 'e'   ? "it has expired: extend it (gpg --quick-set-expire)"
                     : key.validity == 'r' ? "it was revoked"
                     : !key.has_secret     ? "its secret half is not there: import it"
                     : !key.can_sign       ? "it is not made for signing"
                                           : nullptr;
  if (what != nullptr) {
    throw_error(Code::failed_precondition,
                "sign the repository with key {} of {}: {}, or name another key in the recipe's "
                "signing",
                key.fingerprint, where, what);
  }
  fingerprint_ = key.fingerprint;
}

std::string Signer::sign(const std::string& path) const {
  const CommandResult result =
      runner_.run(gpg({"--armor", "--digest-algo", "SHA256", "--local-user", fingerprint_,
                       "--output", "-", "--detach-sign", path}));
  if (result.status == 0 && !result.output.empty()) return result.output;
  const std::string reason = last_line(result.error_output);
  throw_error(Code::failed_precondition, "sign {} with key {}: {}: {}", path, fingerprint_, reason,
              passphrase_.empty()
                  ? "when the key has a passphrase, unlock it in its agent, or name a file with "
                    "the passphrase in the recipe's signing.passphrase_file"
                  : "check the passphrase in the recipe's signing.passphrase_file");
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
