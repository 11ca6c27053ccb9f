// SPDX-License-Identifier: Apache-2.0
//
// Whether a package is whole and signed by the right key: rpm's own check, in this process, with a
// keyring of one key and no database of the system.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace kata::repo {

class PackageVerifier {
 public:
  /// `public_key` is a file with an armored key. Throws Error when rpm cannot read it.
  explicit PackageVerifier(const std::string& public_key);
  ~PackageVerifier();
  PackageVerifier(const PackageVerifier&) = delete;
  PackageVerifier& operator=(const PackageVerifier&) = delete;
  /// Nothing when every digest and the signature of the package at `path` are right; else what is
  /// wrong and what to do.
  [[nodiscard]] std::optional<std::string> problem(const std::string& path);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kata::repo
