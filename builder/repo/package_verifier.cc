// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/package_verifier.h"

#include <fmt/format.h>
#include <rpm/rpmcli.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlog.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/path.h"
#include "runtime/base/scope_exit.h"

namespace kata::repo {
namespace {

/// rpm tells the verdict on each digest and signature only through its log.
int collect(rpmlogRec record, rpmlogCallbackData lines) {
  std::string line = rpmlogRecMessage(record);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  line.erase(0, line.find_first_not_of(' '));
  static_cast<std::vector<std::string>*>(lines)->push_back(std::move(line));
  return 0;
}

/// "305bf271" from "Header V4 RSA/SHA512 Signature, key ID 305bf271: NOKEY".
std::string key_id(std::string_view line) {
  constexpr std::string_view kBefore = "key ID ";
  const std::size_t at = line.find(kBefore);
  if (at == std::string_view::npos) return "unknown";
  line.remove_prefix(at + kBefore.size());
  return std::string(line.substr(0, line.find(':')));
}

/// The worst that the lines say, for people.
std::string verdict(const std::vector<std::string>& lines, const std::string& path) {
  const auto find = [&](std::string_view part) {
    return std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  };
  if (const auto bad = find(": BAD"); bad != lines.end()) {
    return fmt::format("it is corrupt ({}): build it or copy it again",
                       bad->starts_with(path + ": ") ? bad->substr(path.size() + 2) : *bad);
  }
  if (const auto foreign = find(": NOKEY"); foreign != lines.end()) {
    return fmt::format(
        "it is signed by another key, {}: sign it with the repository's key, or remove it",
        key_id(*foreign));
  }
  if (find("ignature: NOTFOUND") != lines.end() && find("ignature, key ID") == lines.end())
    return "it is not signed: sign it with the repository's key (rpmsign --addsign)";
  for (const std::string& line : lines) {
    if (line != path + ":" && !line.ends_with(": OK"))
      return fmt::format("rpm refuses it ({}): build it or copy it again",
                         line.starts_with(path + ": ") ? line.substr(path.size() + 2) : line);
  }
  return "rpm refuses it: it is no RPM, or cut off: build it or copy it again";
}

}  // namespace

struct PackageVerifier::State {
  rpmKeyring keyring = rpmKeyringNew();
  rpmts transaction = nullptr;
  ~State() {
    if (transaction != nullptr) rpmtsFree(transaction);
    rpmKeyringFree(keyring);
  }
};

PackageVerifier::PackageVerifier(const std::string& public_key)
    : state_(std::make_unique<State>()) {
  static std::once_flag configured;
  std::call_once(configured, [] { rpmReadConfigFiles(nullptr, nullptr); });
  const rpmPubkey key = rpmPubkeyRead(public_key.c_str());
  if (key == nullptr) {
    throw_error(Code::invalid_argument,
                "read the public key {}: rpm does not understand it: it must be an armored OpenPGP "
                "key (RSA of 2048 bits or more is read by every release)",
                public_key);
  }
  const ScopeExit free_key([&] { rpmPubkeyFree(key); });
  rpmKeyringAddKey(state_->keyring, key);
  int count = 0;
  rpmPubkey* subkeys = rpmGetSubkeys(key, &count);
  for (int i = 0; i < count; ++i) {
    rpmKeyringAddKey(state_->keyring, subkeys[i]);
    rpmPubkeyFree(subkeys[i]);
  }
  std::free(subkeys);
  state_->transaction = rpmtsCreate();
  rpmtsSetKeyring(state_->transaction, state_->keyring);
  rpmtsSetVfyLevel(state_->transaction, RPMSIG_VERIFIABLE_TYPE);
}

PackageVerifier::~PackageVerifier() = default;

std::optional<std::string> PackageVerifier::problem(const std::string& path) {
  std::vector<std::string> lines;
  const int mask = rpmlogSetMask(RPMLOG_UPTO(RPMLOG_INFO));
  rpmlogSetCallback(collect, &lines);
  const ScopeExit restore([&] {
    rpmlogSetCallback(nullptr, nullptr);
    rpmlogSetMask(mask);
  });
  std::string name = path;
  char* arguments[] = {name.data(), nullptr};
  if (rpmcliVerifySignatures(state_->transaction, arguments) == 0) return std::nullopt;
  return verdict(lines, path);
}

}  // namespace kata::repo
