// SPDX-License-Identifier: Apache-2.0
//
// Small packages made by the real rpmbuild and signed by the real rpmsign, for tests of
// repositories. They are made once and kept in the build folder, since every case is a process of
// its own.
#pragma once

#include <string>

namespace kata::test {

/// The folder, filled. It holds keys (main.key, stranger.key, expired.key, locked.key with the
/// passphrase "open sesame": exported secret keys; main.asc, stranger.asc: public ones;
/// main-expired.asc: main's public key when its time was up) and folders of packages by who signed
/// them: main/, stranger/, unsigned/; other-bytes/ holds packages of main's names with another
/// content. demo has the versions 1.0, 1.1 and 1.2. slow/ holds demo-slow, signed by main, whose
/// %post sleeps for three seconds.
[[nodiscard]] const std::string& package_shelf();

}  // namespace kata::test
