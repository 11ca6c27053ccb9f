// SPDX-License-Identifier: Apache-2.0
//
// What `gpg --with-colons` says of keys, see doc/DETAILS of GnuPG.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kata::signing {

struct KeyFacts {
  std::string fingerprint;
  std::string user_id;
  char validity = '-';  ///< 'e' expired, 'r' revoked, 'i' invalid, 'd' disabled
  int algorithm = 0;    ///< 1: RSA, 22: EdDSA
  unsigned bits = 0;
  std::int64_t expires = 0;  ///< seconds since 1970; 0: never
  bool can_sign = false;     ///< the primary key itself
  bool has_secret = false;   ///< its secret half is at hand
};

/// The primary keys of a listing, in its order.
[[nodiscard]] std::vector<KeyFacts> parse_key_list(std::string_view colons);
/// "Jane <jane@example.com> (RSA 3072, fingerprint ...)".
[[nodiscard]] std::string describe(const KeyFacts& key);
/// Why the key may not be trusted any more, e.g. "it expired on 2026-01-31"; empty: it may.
[[nodiscard]] std::string why_unusable(const KeyFacts& key);

}  // namespace kata::signing
