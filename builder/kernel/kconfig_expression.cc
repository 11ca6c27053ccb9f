// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/kconfig_expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "runtime/base/text.h"

namespace kata::kernel {
namespace {

using Kind = Expression::Kind;

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (c == ' ' || c == '\t') {
      at = end;
      continue;
    }
    if (c == '"' || c == '\'') {
      end = std::min(text.find(c, at + 1), text.size() - 1) + 1;
    } else if (c == '$' && end < text.size() && text[end] == '(') {
      int depth = 0;
      for (end = at + 1; end < text.size(); ++end) {
        if (text[end] == '(') ++depth;
        if (text[end] == ')' && --depth == 0) break;
      }
      end = std::min(end + 1, text.size());
    } else if (c == '&' || c == '|') {
      end = at + 2;
    } else if (c == '!' || c == '<' || c == '>') {
      end = at + (at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1);
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
                                   text[end] == '_' || text[end] == '-' || text[end] == '.')) {
        ++end;
      }
    }
    end = std::min(end, text.size());
    tokens.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return tokens;
}

/// Recursive descent over the tokens; `or` binds loosest, then `and`, `not`, comparisons.
class Parser {
 public:
  explicit Parser(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}

  Expression parse_or(int depth = 0) { return parse_chain("||", Kind::disjunction, depth); }
  [[nodiscard]] bool is_at_end() const { return at_ == tokens_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Expression parse_chain(std::string_view op, Kind kind, int depth) {
    Expression chain{kind, std::string(op), {}};
    chain.operands.push_back(parse_operand(kind, depth));
    while (next_is(op)) {
      ++at_;
      chain.operands.push_back(parse_operand(kind, depth));
    }
    return chain.operands.size() == 1 ? std::move(chain.operands.front()) : chain;
  }

  Expression parse_operand(Kind kind, int depth) {
    return kind == Kind::disjunction ? parse_chain("&&", Kind::conjunction, depth)
                                     : parse_unary(depth);
  }

  Expression parse_unary(int depth) {
    if (depth > 64 || is_at_end()) return give_up();
    if (next_is("!")) {
      ++at_;
      return {Kind::negation, "!", {parse_unary(depth + 1)}};
    }
    if (next_is("(")) {
      ++at_;
      Expression inner = parse_or(depth + 1);
      if (!next_is(")")) return give_up();
      ++at_;
      return inner;
    }
    Expression left = parse_word();
    for (const char* op : {"=", "!=", "<", "<=", ">", ">="}) {
      if (!next_is(op)) continue;
      ++at_;
      if (is_at_end()) return give_up();
      return {Kind::compare, op, {std::move(left), parse_word()}};
    }
    return left;
  }

  Expression parse_word() {
    const std::string word = tokens_[at_++];
    if (word.front() == '$') return {Kind::macro, word, {}};
    if (word.front() == '"' || word.front() == '\'') {
      return {Kind::literal, word.size() >= 2 ? word.substr(1, word.size() - 2) : word, {}};
    }
    if (word == "y" || word == "n") return {Kind::literal, word, {}};
    if (std::isalnum(static_cast<unsigned char>(word.front())) == 0 && word.front() != '_')
      return give_up();
    const bool number = std::isdigit(static_cast<unsigned char>(word.front())) != 0 &&
                        word.find_first_not_of("0123456789abcdefABCDEFx") == std::string::npos;
    return {number ? Kind::literal : Kind::symbol, word, {}};
  }

  Expression give_up() {
    failed_ = true;
    at_ = tokens_.size();
    return {Kind::macro, "", {}};
  }

  [[nodiscard]] bool next_is(std::string_view token) const {
    return !is_at_end() && tokens_[at_] == token;
  }

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

/// The value to compare or show; a symbol that is not set is "n".
std::string value_of(const Expression& word, const Values& values) {
  if (word.kind != Kind::symbol) return word.text;
  // The constant m stands for "as a module", which needs modules
  if (word.text == "m") return values.contains("MODULES") ? "m" : "n";
  const auto found = values.find(word.text);
  if (found == values.end()) return "n";
  const std::string& value = found->second;
  return value.size() >= 2 && value.front() == '"' ? value.substr(1, value.size() - 2) : value;
}

bool compare(const Expression& expression, const Values& values) {
  const std::string left = value_of(expression.operands[0], values);
  std::string right = value_of(expression.operands[1], values);
  if (expression.operands[1].kind == Kind::symbol && expression.operands[1].text == "m")
    right = "m";
  if (expression.text == "=") return left == right;
  if (expression.text == "!=") return left != right;
  const long long a = std::strtoll(left.c_str(), nullptr, 0);
  const long long b = std::strtoll(right.c_str(), nullptr, 0);
  if (expression.text == "<") return a < b;
  if (expression.text == "<=") return a <= b;
  if (expression.text == ">") return a > b;
  return a >= b;
}

std::string text_of(const Expression& expression) {
  switch (expression.kind) {
    case Kind::negation:
      return "!" + text_of(expression.operands[0]);
    case Kind::compare:
      return text_of(expression.operands[0]) + expression.text + text_of(expression.operands[1]);
    case Kind::conjunction:
    case Kind::disjunction: {
      std::vector<std::string> parts;
      for (const Expression& operand : expression.operands) parts.push_back(text_of(operand));
      return "(" + joined(parts, " " + expression.text + " ") + ")";
    }
    default:
      return expression.text;
  }
}

}  // namespace

Expression parse_expression(std::string_view text) {
  Parser parser(tokens_of(text));
  Expression expression = parser.parse_or();
  if (parser.failed() || !parser.is_at_end()) return {Kind::macro, std::string(text), {}};
  return expression;
}

bool is_true(const Expression& expression, const Values& values) {
  const auto holds = [&](const Expression& operand) { return is_true(operand, values); };
  switch (expression.kind) {
    case Kind::macro:
      return true;
    case Kind::literal:
    case Kind::symbol: {
      const std::string value = value_of(expression, values);
      return value == "y" || value == "m";
    }
    case Kind::compare:
      return compare(expression, values);
    case Kind::negation:
      return !holds(expression.operands[0]);
    case Kind::conjunction:
      return std::all_of(expression.operands.begin(), expression.operands.end(), holds);
    case Kind::disjunction:
      break;
  }
  return std::any_of(expression.operands.begin(), expression.operands.end(), holds);
}

std::vector<std::string> unmet_parts(const Expression& expression, const Values& values) {
  if (is_true(expression, values)) return {};
  switch (expression.kind) {
    case Kind::conjunction: {
      std::vector<std::string> parts;
      for (const Expression& operand : expression.operands) {
        for (std::string& part : unmet_parts(operand, values)) parts.push_back(std::move(part));
      }
      return parts;
    }
    case Kind::disjunction: {
      std::vector<std::string> parts;
      for (const Expression& operand : expression.operands)
        parts.push_back(joined(unmet_parts(operand, values), " and "));
      return {joined(parts, ", or ")};
    }
    case Kind::negation: {
      const Expression& operand = expression.operands[0];
      if (operand.kind == Kind::symbol)
        return {fmt::format("{} is {}, but must be off", operand.text, value_of(operand, values))};
      return {fmt::format("{} does not hold", text_of(expression))};
    }
    case Kind::compare:
      return {fmt::format("{} does not hold: {} is {}", text_of(expression),
                          text_of(expression.operands[0]),
                          value_of(expression.operands[0], values))};
    default:
      return {fmt::format("{} is not set", expression.text)};
  }
}

}  // namespace kata::kernel
