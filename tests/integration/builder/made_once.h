// SPDX-License-Identifier: Apache-2.0
//
// What takes long to make and never changes: made by the first test that wants it, kept in the
// build folder for all others.
#pragma once

#include <functional>
#include <string>

namespace kata::test {

/// The folder TOP/EDITION, which `make` fills when it is not there. One maker at a time, also among
/// processes; other editions are removed before. A maker that throws or is killed leaves nothing
/// that counts.
[[nodiscard]] std::string made_once(const std::string& top, const std::string& edition,
                                    const std::function<void(const std::string& folder)>& make);

}  // namespace kata::test
