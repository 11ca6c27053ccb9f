// SPDX-License-Identifier: Apache-2.0
//
// Conditions of the kernel's Kconfig language, as far as needed to say why a symbol was dropped.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kata::kernel {

/// Values of a .config by symbol; what is not set is absent.
using Values = std::map<std::string, std::string>;

struct Expression {
  enum class Kind { symbol, literal, macro, compare, negation, conjunction, disjunction };
  Kind kind = Kind::literal;
  std::string text;  ///< the symbol, literal, macro, or the comparison's operator
  std::vector<Expression> operands;
};

/// Parses "A && (B || C=y) && !D". What it cannot parse becomes a macro, which counts as true.
[[nodiscard]] Expression parse_expression(std::string_view text);
/// Whether the condition holds.
[[nodiscard]] bool is_true(const Expression& expression, const Values& values);
/// What keeps the condition from holding, one phrase for each: "NET is not set", "MMU is y, but
/// must be off".
[[nodiscard]] std::vector<std::string> unmet_parts(const Expression& expression,
                                                   const Values& values);

}  // namespace kata::kernel
