// SPDX-License-Identifier: Apache-2.0
//
// For what happens soon, but not at once.
#pragma once

#include <chrono>
#include <functional>

namespace kata::test {

/// Polls until `condition` holds; false after `timeout`.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds timeout = std::chrono::seconds(15));

}  // namespace kata::test
