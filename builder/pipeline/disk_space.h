// SPDX-License-Identifier: Apache-2.0
//
// A full disk is the most common surprise of a build: say where, and how much is left.
#pragma once

#include <string>

#include "runtime/base/error.h"

namespace kata::pipeline {

/// "12.3 MB free on /var/tmp/x".
[[nodiscard]] std::string free_space_text(const std::string& path);

/// What the C library, and so every program, says of a full disk in the C locale.
inline constexpr const char* kNoSpace = "No space left on device";

/// Runs `body`; when it fails for lack of space, adds how much is free at `path` and what to do.
template <typename Body>
decltype(auto) explain_full_disk(const std::string& path, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const Error& error) {
    if (error.code() != Code::resource_exhausted && error.code() != Code::internal) throw;
    const std::string what = error.what();
    if (what.find(kNoSpace) == std::string::npos) throw;
    throw_error(
        Code::resource_exhausted,
        "disk full ({}): {}: make room there, or choose another place with --cache and --output",
        free_space_text(path), what);
  }
}

}  // namespace kata::pipeline
