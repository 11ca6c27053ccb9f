// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/json.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/io.h"

namespace kata {
namespace {

constexpr int kDeepest = 128;  // bounds the recursion of whoever walks the value

}  // namespace

Json parse_json(std::string_view text, std::string_view name) {
  bool too_deep = false;
  const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kDeepest) too_deep = true;
    return !too_deep;
  };
  try {
    Json value = Json::parse(text.begin(), text.end(), check_depth);
    if (too_deep)
      throw_error(Code::invalid_argument, "{}: more than {} levels deep", name, kDeepest);
    return value;
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
    const std::string_view before = text.substr(0, at);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
    // The library's text repeats its own position; what follows the last ": " of its head is the
    // reason.
    std::string_view reason = error.what();
    if (const std::size_t start = reason.find(": "); start != std::string_view::npos)
      reason.remove_prefix(start + 2);
    throw_error(Code::invalid_argument, "{}:{}:{}: not valid JSON: {}", name, line, column, reason);
  } catch (const Json::out_of_range& error) {  // a number; the library does not say where
    std::string_view reason = error.what();
    if (const std::size_t start = reason.find("] "); start != std::string_view::npos)
      reason.remove_prefix(start + 2);
    throw_error(Code::invalid_argument, "{}: {}", name, reason);
  }
}

Json read_json_file(const std::string& path) { return parse_json(read_file(path), path); }

}  // namespace kata
