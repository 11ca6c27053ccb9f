// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/signing_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "builder/signing/trial_key.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/sys_file.h"

namespace kata::signing {
namespace {

void check_tools() {
  if (find_program("gpg") && find_program("gpgconf")) return;
  throw_error(Code::failed_precondition,
              "sign: there is no program gpg: install it with `apt-get install gnupg` or `dnf "
              "install gnupg2`");
}

/// A secret that others may read is none.
std::string read_secret(const std::string& path, const char* key) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_errno(errno, "signing.{}: open {}", key, path);
  if ((status.st_mode & 077U) != 0) {
    throw_error(Code::failed_precondition,
                "signing.{}: others than its owner may read {}: chmod 600 it", key, path);
  }
  return read_file(path, 1U << 20);
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

bool says(const CommandResult& result, const char* text) {
  return result.error_output.find(text) != std::string::npos;
}

}  // namespace

SigningKey::SigningKey(const recipe::SigningRecipe& recipe, CommandRunner& runner)
    : runner_(runner) {
  check_tools();
  open_home(recipe);
  read_passphrase(recipe);
  choose_key(recipe.key);
  try_to_sign(recipe);
  public_key_ =
      run_checked(runner_, gpg_command(home_, {"--armor", "--export-options", "export-minimal",
                                               "--export", facts_.fingerprint}))
          .output;
}

void SigningKey::open_home(const recipe::SigningRecipe& recipe) {
  if (!recipe.gnupg_home.empty()) {
    home_ = where_ = recipe.gnupg_home;
    if (!path_exists(home_))
      throw_error(Code::failed_precondition, "signing.gnupg_home: there is no folder {}", home_);
    return;
  }
  temporary_ = std::make_unique<TemporaryHome>();
  home_ = temporary_->path();
  if (!recipe.agent_socket.empty()) {
    where_ = recipe.agent_socket;
    use_agent_only_ = true;
    struct stat status {};
    if (::stat(recipe.agent_socket.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
      throw_error(Code::failed_precondition,
                  "signing.agent_socket: {} is no socket: start the agent (gpg-agent --daemon), "
                  "and see `gpgconf --list-dirs agent-socket`",
                  recipe.agent_socket);
    }
    Command command;
    command.env = gpg_environment(home_);
    command.argv = {"gpgconf", "--create-socketdir"};
    (void)runner_.run(command);
    command.argv = {"gpgconf", "--list-dirs", "agent-socket"};
    const std::string link = first_line(run_checked(runner_, command).output);
    // GnuPG follows such a file to the socket, see "socket redirection" in gpg-agent(1)
    write_file(link, "%Assuan%\nsocket=" + recipe.agent_socket + "\n");
    run_checked(runner_, gpg_command(home_, {"--import", recipe.public_key}));
    return;
  }
  where_ = recipe.key_file;
  if (recipe.trial) make_trial_key(recipe.key_file, runner_);
  Command command = gpg_command(home_, {"--import"});
  command.input = read_secret(recipe.key_file, "key_file");
  const CommandResult result = runner_.run(command);
  if (result.status != 0) {
    throw_error(Code::failed_precondition, "signing.key_file: {} holds no OpenPGP key: {}", where_,
                first_line(result.error_output));
  }
}

void SigningKey::read_passphrase(const recipe::SigningRecipe& recipe) {
  std::string text;
  if (!recipe.passphrase_file.empty()) {
    text = first_line(read_secret(recipe.passphrase_file, "passphrase_file"));
  } else if (!recipe.passphrase_variable.empty()) {
    const char* value = std::getenv(recipe.passphrase_variable.c_str());
    if (value == nullptr)
      throw_error(Code::failed_precondition,
                  "signing.passphrase_variable: the environment has no variable {}",
                  recipe.passphrase_variable);
    text = value;
  } else {
    return;
  }
  passphrase_ = sys::make_memory_file("passphrase", text);
}

void SigningKey::choose_key(const std::string& wanted) {
  std::vector<std::string> arguments = {"--with-colons", "--list-secret-keys"};
  if (!wanted.empty()) arguments.insert(arguments.end(), {"--", wanted});
  const std::vector<KeyFacts> secret =
      parse_key_list(runner_.run(gpg_command(home_, arguments)).output);
  arguments[1] = "--list-keys";
  if (secret.empty()) {
    const std::vector<KeyFacts> known =
        parse_key_list(runner_.run(gpg_command(home_, arguments)).output);
    if (known.empty()) {
      throw_error(Code::failed_precondition, "sign with {}: there is no such key in {}",
                  wanted.empty() ? "the recipe's key" : wanted, where_);
    }
    throw_error(Code::failed_precondition,
                "sign with {}: {} has its public half only: import the secret half, or name where "
                "it is",
                describe(known.front()), where_);
  }
  if (secret.size() > 1) {
    std::string list;
    for (const KeyFacts& key : secret) list += "\n  " + describe(key);
    throw_error(Code::failed_precondition,
                "sign: {} holds {} keys; name one of them with signing.key or --key:{}", where_,
                secret.size(), list);
  }
  facts_ = secret.front();
  if (!facts_.has_secret) {
    throw_error(Code::failed_precondition,
                "sign with {}: {} has a stub in place of its secret half: rpm wants the primary "
                "key itself",
                describe(facts_), where_);
  }
  if (const std::string why = why_unusable(facts_); !why.empty()) {
    throw_error(Code::failed_precondition,
                "sign with {}: {}: extend it (gpg --quick-set-expire), or name another key",
                describe(facts_), why);
  }
  if (!facts_.can_sign)
    throw_error(Code::failed_precondition, "sign with {}: it is not meant for signatures",
                describe(facts_));
}

std::vector<std::string> SigningKey::gpg_arguments() const {
  std::vector<std::string> arguments = {"--batch", "--no-tty"};
  if (use_agent_only_) arguments.emplace_back("--no-autostart");
  if (passphrase_) {
    arguments.insert(arguments.end(),
                     {"--pinentry-mode", "loopback", "--passphrase-file",
                      fmt::format("/proc/{}/fd/{}", ::getpid(), passphrase_.get())});
  } else {
    arguments.insert(arguments.end(), {"--pinentry-mode", "error"});  // ask nobody
  }
  return arguments;
}

void SigningKey::try_to_sign(const recipe::SigningRecipe& recipe) {
  std::vector<std::string> arguments = gpg_arguments();
  arguments.insert(arguments.end(),
                   {"--local-user", facts_.fingerprint, "--output", "-", "--detach-sign"});
  Command command = gpg_command(home_, arguments);
  command.input = "katabuild";
  const CommandResult result = runner_.run(command);
  if (result.status == 0) return;
  if (says(result, "Bad passphrase")) {
    throw_error(
        Code::failed_precondition, "sign with {}: the passphrase of {} is wrong", describe(facts_),
        recipe.passphrase_file.empty() ? "$" + recipe.passphrase_variable : recipe.passphrase_file);
  }
  if (!passphrase_ && (says(result, "No pinentry") || says(result, "Operation cancelled") ||
                       says(result, "No passphrase given"))) {
    throw_error(Code::failed_precondition,
                "sign with {}: the key is locked, and katabuild asks nobody: unlock it in its "
                "agent first (sign something with gpg), or set signing.passphrase_file or "
                "signing.passphrase_variable",
                describe(facts_));
  }
  throw_error(Code::failed_precondition, "sign with {}: {}", describe(facts_), result.error_output);
}

std::shared_ptr<const SigningKey> open_signing_key(const recipe::SigningRecipe& recipe,
                                                   CommandRunner& runner) {
  static std::mutex mutex;
  static std::vector<std::pair<recipe::SigningRecipe, std::weak_ptr<const SigningKey>>> open;
  const std::lock_guard lock(mutex);
  std::erase_if(open, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [known, key] : open) {
    if (known != recipe) continue;
    if (std::shared_ptr<const SigningKey> shared = key.lock()) return shared;
  }
  auto key = std::make_shared<const SigningKey>(recipe, runner);
  open.emplace_back(recipe, key);
  return key;
}

}  // namespace kata::signing
