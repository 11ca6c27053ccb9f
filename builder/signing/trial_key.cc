// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/trial_key.h"

#include <unistd.h>

#include <cerrno>

#include "builder/signing/gnupg.h"
#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::signing {
namespace {

constexpr const char* kParameters =
    "%no-protection\n"
    "Key-Type: RSA\n"
    "Key-Length: 3072\n"
    "Key-Usage: sign\n"
    "Name-Real: Kata trial key\n"
    "Name-Comment: throw-away, never trust it\n"
    "Name-Email: trial@example.invalid\n"
    "Expire-Date: 30d\n"
    "%commit\n";

}  // namespace

void make_trial_key(const std::string& key_file, CommandRunner& runner) {
  if (path_exists(key_file)) return;
  in_context(
      [&] {
        const TemporaryHome home;
        Command generate = gpg_command(home.path(), {"--quiet", "--generate-key"});
        generate.input = kParameters;
        run_checked(runner, generate);
        const Command command = gpg_command(home.path(), {"--armor", "--export-secret-keys"});
        const std::string text = run_checked(runner, command).output;
        make_directories(parent_path(key_file), 0700);
        const TempDir beside(parent_path(key_file), ".trial-key-");
        const std::string made = join_path(beside.path(), "secret.asc");
        write_file(made, text, 0600);
        // whoever made one meanwhile has signed with it already: the first stays
        if (::link(made.c_str(), key_file.c_str()) != 0 && errno != EEXIST)
          throw_errno(errno, "link {} to {}", key_file, made);
      },
      "make a trial key in {}", key_file);
}

recipe::SigningRecipe with_trial_place(recipe::SigningRecipe recipe, const std::string& cache) {
  if (recipe.trial && recipe.key_file.empty())
    recipe.key_file = join_path(cache, "trial-key/secret.asc");
  return recipe;
}

}  // namespace kata::signing
