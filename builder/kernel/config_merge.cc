// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/config_merge.h"

#include <fmt/core.h>

#include <functional>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"
#include "runtime/base/text.h"

namespace kata::kernel {
namespace {

constexpr std::string_view kPrefix = "CONFIG_";
constexpr std::string_view kNotSet = " is not set";

bool is_symbol(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
                              std::string_view::npos;
}

struct Assignment {
  std::string symbol;
  std::string value;
};

/// "CONFIG_X=y" or "# CONFIG_X is not set"; nothing for other lines.
std::optional<Assignment> parse_assignment(std::string_view line) {
  if (line.starts_with("# ") && line.ends_with(kNotSet)) {
    const std::string_view name = line.substr(2, line.size() - 2 - kNotSet.size());
    if (name.starts_with(kPrefix) && is_symbol(name))
      return Assignment{std::string(name.substr(kPrefix.size())), "n"};
    return std::nullopt;
  }
  const std::size_t equals = line.find('=');
  if (!line.starts_with(kPrefix) || equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = line.substr(kPrefix.size(), equals - kPrefix.size());
  if (!is_symbol(name)) return std::nullopt;
  return Assignment{std::string(name), std::string(line.substr(equals + 1))};
}

bool is_value(std::string_view value) {
  if (value == "y" || value == "n" || value == "m") return true;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return true;
  if (value.starts_with("0x") || value.starts_with("0X")) {
    return value.size() > 2 &&
           value.substr(2).find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  }
  if (value.starts_with("-")) value.remove_prefix(1);
  return !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
}

void for_each_line(std::string_view text,
                   const std::function<void(std::string_view, std::size_t)>& body) {
  std::size_t begin = 0;
  for (std::size_t number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    body(text.substr(begin, end - begin), number);
    begin = end + 1;
  }
}

}  // namespace

void merge_fragment(std::string_view text, const std::string& name, Requests& requests) {
  std::string problems;
  const auto complain = [&](const std::string& problem) {
    problems += (problems.empty() ? "" : "\n") + problem;
  };
  for_each_line(text, [&](std::string_view raw, std::size_t number) {
    const std::string_view line = trimmed(raw);
    const std::string origin = fmt::format("{}:{}", name, number);
    const std::optional<Assignment> assignment = parse_assignment(line);
    if (!assignment) {
      if (!line.empty() && line.front() != '#') {
        complain(fmt::format(
            "{}: neither CONFIG_NAME=value, \"# CONFIG_NAME is not set\" nor a comment: {}", origin,
            line));
      }
      return;
    }
    if (!is_value(assignment->value)) {
      complain(fmt::format(
          "{}: CONFIG_{}: the value must be y, n, m, a number or a text in quotes, not: {}", origin,
          assignment->symbol, assignment->value));
      return;
    }
    const auto [known, is_new] =
        requests.emplace(assignment->symbol, Request{assignment->value, origin});
    if (!is_new && known->second.value != assignment->value) {
      complain(fmt::format("{}: CONFIG_{}={}, but {} says {}: keep one of the two", origin,
                           assignment->symbol, assignment->value, known->second.origin,
                           known->second.value));
    }
  });
  if (!problems.empty()) throw Error(Code::invalid_argument, problems);
}

bool builds_modules(const Requests& requests) {
  const auto found = requests.find("MODULES");
  return found != requests.end() && found->second.value == "y";
}

void check_modules(const Requests& requests) {
  if (builds_modules(requests)) return;
  std::string problems;
  for (const auto& [symbol, request] : requests) {
    if (request.value == "m")
      problems += fmt::format(
          "\n  {}: CONFIG_{}=m: the kernel has no modules: use y, or add CONFIG_MODULES=y",
          request.origin, symbol);
  }
  if (!problems.empty())
    throw_error(Code::invalid_argument, "merge the kernel configuration:{}", problems);
}

Requests merge_fragments(const std::vector<std::string>& paths) {
  Requests requests;
  std::string problems;
  for (const std::string& path : paths) {
    const std::string text =
        in_context([&] { return read_file(path, 1U << 20); }, "read fragment {}", path);
    try {
      merge_fragment(text, std::string(base_name(path)), requests);
    } catch (const Error& error) {  // collected, so that one run shows all of them
      if (error.code() != Code::invalid_argument) throw;
      problems += "\n  " + error.message();
    }
  }
  if (!problems.empty())
    throw_error(Code::invalid_argument, "merge the kernel configuration:{}", problems);
  check_modules(requests);
  return requests;
}

std::string merged_text(const Requests& requests) {
  std::string text;
  for (const auto& [symbol, request] : requests) {
    if (request.value == "n") {
      text += fmt::format("# CONFIG_{} is not set\n", symbol);
    } else {
      text += fmt::format("CONFIG_{}={}\n", symbol, request.value);
    }
  }
  return text;
}

std::map<std::string, std::string> parse_dot_config(std::string_view text) {
  std::map<std::string, std::string> values;
  for_each_line(text, [&](std::string_view line, std::size_t) {
    const std::optional<Assignment> assignment = parse_assignment(trimmed(line));
    if (assignment && assignment->value != "n") values[assignment->symbol] = assignment->value;
  });
  return values;
}

}  // namespace kata::kernel
