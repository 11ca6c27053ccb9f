// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/failed_command.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/fd.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::pipeline {

std::string telling_lines(std::string_view text, std::initializer_list<std::string_view> signs) {
  constexpr int kMost = 12;
  constexpr std::size_t kTail = 2000;
  std::string telling;
  std::string last;
  int count = 0;
  for (const std::string& line : split_text(text)) {
    const bool tells = std::any_of(signs.begin(), signs.end(), [&](std::string_view sign) {
      return ("\n" + line).find(sign) != std::string::npos;
    });
    if (tells && count++ < kMost) telling += "\n  " + line;
    last += "\n  " + line;
  }
  if (!telling.empty()) return telling;
  return last.size() > kTail ? last.substr(last.find('\n', last.size() - kTail)) : last;
}

std::string keep_log(const std::string& name, const Command& command, const CommandResult& result,
                     const Context& context) {
  std::string log = join_path(context.cache.folder("logs"), name + ".log");
  ignore_error(
      [&] {
        write_file_atomic(log, printable(command) + "\n" + result.output + result.error_output);
      },
      "the error itself is told anyway");
  return log;
}

}  // namespace kata::pipeline
