// SPDX-License-Identifier: Apache-2.0
//
// A few jobs at once, on threads that end with the call.
#pragma once

#include <cstddef>
#include <functional>

namespace kata::pipeline {

/// Calls `job` with each number below `count`, up to `workers` at once. After the first failure
/// none is begun; when those at work have ended, that failure is thrown.
void run_parallel(std::size_t count, std::size_t workers,
                  const std::function<void(std::size_t)>& job);

}  // namespace kata::pipeline
