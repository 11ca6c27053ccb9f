// SPDX-License-Identifier: Apache-2.0
#include "builder/pipeline/context.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "runtime/base/error.h"

namespace kata::pipeline {

std::optional<std::int64_t> source_date_epoch_from_environment() {
  const char* variable = std::getenv("SOURCE_DATE_EPOCH");
  if (variable == nullptr || variable[0] == '\0') return std::nullopt;
  const std::string_view text = variable;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // newc and gzip hold 32 bits of seconds
  if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
      value > 0xffffffffLL) {
    throw_error(Code::invalid_argument, "SOURCE_DATE_EPOCH must be seconds since 1970, not \"{}\"",
                text);
  }
  return value;
}

std::int64_t build_time(const Context& context, std::int64_t recipe_timestamp) {
  return context.source_date_epoch.value_or(recipe_timestamp);
}

}  // namespace kata::pipeline
