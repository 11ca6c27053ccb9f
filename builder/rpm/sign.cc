// SPDX-License-Identifier: Apache-2.0
#include "builder/rpm/sign.h"

#include "runtime/base/error.h"

namespace kata::rpm {
namespace {

constexpr int kRsa = 1;

}  // namespace

void check_key_for(const ReleaseFacts& release, const signing::KeyFacts& key) {
  if (!release.verifies_rsa_only || key.algorithm == kRsa) return;
  throw_error(Code::failed_precondition,
              "sign for {} with {}: its rpm verifies RSA signatures only, and this key's algorithm "
              "is OpenPGP's number {}: name an RSA key, or leave {} out of the releases",
              release.name, describe(key), key.algorithm, release.name);
}

void sign_packages(const std::vector<std::string>& paths, const ReleaseFacts& release,
                   const signing::SigningKey& key, pipeline::Context& context) {
  Command command;
  command.argv = {"rpmsign", "--addsign"};
  if (release.signs_header_and_payload) command.argv.emplace_back("--rpmv3");
  const auto define = [&](const std::string& macro) {
    command.argv.insert(command.argv.end(), {"--define", macro});
  };
  std::string arguments;
  for (const std::string& argument : key.gpg_arguments())
    arguments += (arguments.empty() ? "" : " ") + argument;
  define("__gpg " + find_program("gpg").value_or("/usr/bin/gpg"));  // rpm of Debian looks for gpg2
  define("_gpg_name " + key.facts().fingerprint);
  define("_gpg_digest_algo sha256");
  define("_gpg_sign_cmd_extra_args " + arguments);
  command.argv.insert(command.argv.end(), paths.begin(), paths.end());
  command.env = key.environment();
  const CommandResult result = context.runner.run(command);
  if (result.status == 0) return;
  throw_error(Code::internal, "sign {} packages for {} with {}: rpmsign ended with status {}: {}",
              paths.size(), release.name, describe(key.facts()), result.status,
              result.error_output);
}

}  // namespace kata::rpm
