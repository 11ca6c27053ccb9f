// SPDX-License-Identifier: Apache-2.0
//
// What a test needs of its machine. Catch2 2 cannot skip a case, so an unmet need prints its
// reason, leaves the case by an exception, and ends the process with status 77, which CTest counts
// as skipped. KATA_TEST_REQUIRE=root,qemu turns these skips into failures.
#pragma once

#include <string>
#include <string_view>

namespace kata::test {

/// Ends the process with status 77 and `reason` unless `met`; with status 1 when KATA_TEST_REQUIRE
/// names `need`.
void require(bool met, std::string_view need, std::string_view reason);
/// require(): the user is root.
void require_root();
/// require(): `name` is an installed program.
void require_program(const std::string& name);

}  // namespace kata::test
