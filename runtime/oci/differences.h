// SPDX-License-Identifier: Apache-2.0
//
// What a virtual machine makes different: the fields of config.json, and the behaviour of the
// command line, that are neither carried out as runc does nor refused with an error. `features` and
// `check` tell them, and docs/config-json.md.
#pragma once

#include <span>
#include <string_view>

namespace kata::oci {

struct Difference {
  /// Of config.json ("linux.resources.memory.kernel"), or "command line: ...".
  std::string_view field;
  std::string_view what;
};

/// In the order of the specification; valid for as long as the program.
[[nodiscard]] std::span<const Difference> differences() noexcept;

}  // namespace kata::oci
