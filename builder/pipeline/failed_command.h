// SPDX-License-Identifier: Apache-2.0
//
// What a user reads when a compiler or rpmbuild failed: the lines that say why, and where the rest
// is.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "builder/pipeline/context.h"
#include "runtime/base/command.h"

namespace kata::pipeline {

/// Up to twelve lines of `text` that hold one of `signs` ("\n": the line's beginning), each after a
/// line break and two blanks; when there are none, the text's last lines, up to 2000 characters.
[[nodiscard]] std::string telling_lines(std::string_view text,
                                        std::initializer_list<std::string_view> signs);
/// Writes the command and its whole output to NAME.log among the cache's logs; its path. A log that
/// cannot be written is no error of its own.
std::string keep_log(const std::string& name, const Command& command, const CommandResult& result,
                     const Context& context);

}  // namespace kata::pipeline
