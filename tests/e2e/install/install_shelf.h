// SPDX-License-Identifier: Apache-2.0
//
// What an install test needs to be there: a base repository, and the packages of this build,
// published. Made once per state of the programs and kept in the build folder, since every case is
// a process of its own.
#pragma once

#include <string>

namespace kata::test {

/// The port on loopback, in a network namespace of the test's own, that the packages were made for.
constexpr int kInstallPort = 8080;

/// The folder, filled. It holds
///   base/      the host's files as packages, see host_packages.h
///   previous/  the repository when version 0.0.9 was the newest: other programs, image and
///   defaults current/   the same later: beside 0.0.9 the programs and the guest just built (el7
///   and el9) RPM-GPG-KEY-kata, stranger.asc: public keys
/// The repositories believe that they are served as http://127.0.0.1:8080/kata.
[[nodiscard]] const std::string& install_shelf();

}  // namespace kata::test
