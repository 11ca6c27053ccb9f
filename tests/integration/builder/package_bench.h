// SPDX-License-Identifier: Apache-2.0
//
// Images of packages, from repositories that the bench makes: two packages each, one of which needs
// the other.
#pragma once

#include <string>

#include "tests/integration/builder/image_bench.h"

namespace kata::test {

/// A repository of the shelf's packages "demo" (in two versions) and "demo-lib", by who signed
/// them, and "demo-slow", whose %post sleeps.
struct RpmBench : ImageBench {
  explicit RpmBench(const std::string& signer = "main");
  /// The recipe's base: these packages of the repository.
  void packages(const std::string& list) const;
};

/// A repository of "tiny" and "tiny-lib".
struct DebianBench : ImageBench {
  DebianBench();
  void packages(const std::string& list) const;

 private:
  void make(const std::string& name, const std::string& version, const std::string& needs) const;
};

}  // namespace kata::test
