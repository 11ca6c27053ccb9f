// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "builder/rpm/sign.h"
#include "builder/rpm/verify.h"
#include "builder/signing/key_list.h"
#include "runtime/base/error.h"

namespace {

using namespace kata;
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("what rpmkeys says of a package is right only when a signature is and nothing is wrong",
          "[rpm]") {
  const Lines digests = {"Header SHA256 digest: OK", "Payload SHA256 digest: OK", "MD5 digest: OK"};
  Lines good = digests;
  good.insert(good.begin(), "Header V4 RSA/SHA256 Signature, key ID 1234abcd: OK");
  CHECK(rpm::wrong_checks(good, false).empty());
  CHECK(rpm::wrong_checks(digests, false) == Lines{"it is not signed"});
  CHECK(rpm::wrong_checks(digests, true).empty());
  Lines stranger = digests;
  stranger.push_back("Header V4 RSA/SHA256 Signature, key ID 1234abcd: NOKEY");
  CHECK(rpm::wrong_checks(stranger, false) ==
        Lines{"Header V4 RSA/SHA256 Signature, key ID 1234abcd: signed by none of the keys given"});
  CHECK(rpm::wrong_checks(stranger, true).empty());
  Lines flipped = good;
  flipped[2] = "Payload SHA256 digest: BAD (Expected 1 != 2)";
  CHECK(rpm::wrong_checks(flipped, false) == Lines{"Payload SHA256 digest: BAD (Expected 1 != 2)"});
  CHECK(rpm::wrong_checks(flipped, true).size() == 1);
  CHECK(rpm::wrong_checks({}, true) == Lines{"it is no package that rpm can read"});
}

TEST_CASE("a key's facts are read from gpg's listing", "[rpm]") {
  const auto keys = signing::parse_key_list(
      "sec:u:3072:1:D864D69AC0F73ABB:1767225600:1769817600::u:::scSC:::+:::23::0:\n"
      "fpr:::::::::646989182A71272ACD3E63B5D864D69AC0F73ABB:\n"
      "uid:u::::1767225600::AB::Jane <jane@example.com>::::::::::0:\n"
      "ssb:u:3072:1:1111111111111111:1767225600::::::e:::+:::23:\n"
      "fpr:::::::::0000000000000000000000001111111111111111:\n"
      "sec:e:255:22:2222222222222222:1:86400::-:::cSC:::#::ed25519:::0:\n"
      "fpr:::::::::2222222222222222222222222222222222222222:\n");
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].fingerprint == "646989182A71272ACD3E63B5D864D69AC0F73ABB");
  CHECK(keys[0].user_id == "Jane <jane@example.com>");
  CHECK(keys[0].can_sign);
  CHECK(keys[0].has_secret);
  CHECK(signing::why_unusable(keys[0]).empty());
  CHECK_FALSE(keys[1].can_sign);
  CHECK_FALSE(keys[1].has_secret);
  CHECK(signing::why_unusable(keys[1]) == "it expired on 1970-01-02");
}

TEST_CASE("a key that a release's rpm cannot verify is refused", "[rpm]") {
  signing::KeyFacts key;
  key.algorithm = 22;
  CHECK_THROWS_WITH(rpm::check_key_for(rpm::release_facts("el7"), key),
                    Catch::Contains("verifies RSA signatures only"));
  CHECK_NOTHROW(rpm::check_key_for(rpm::release_facts("el9"), key));
  key.algorithm = 1;
  CHECK_NOTHROW(rpm::check_key_for(rpm::release_facts("el7"), key));
}
