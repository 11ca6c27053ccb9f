// SPDX-License-Identifier: Apache-2.0
//
// What the rpm of each release of Oracle Linux can read.
#pragma once

#include <string>

namespace kata::rpm {

struct ReleaseFacts {
  std::string name;            ///< "el7"
  std::string binary_payload;  ///< RPM's macro _binary_payload
  /// rpm before 4.14 checks a package's payload before installation only by a signature over both.
  bool signs_header_and_payload = false;
  bool verifies_rsa_only = false;
};

/// Throws Error(invalid_argument) for a release that nobody knows.
[[nodiscard]] const ReleaseFacts& release_facts(const std::string& name);
/// "el9" when this machine itself is that release of Oracle Linux or one like it, by `os_release`
/// (the text of /etc/os-release); else empty.
[[nodiscard]] std::string release_of_host(const std::string& os_release);

}  // namespace kata::rpm
