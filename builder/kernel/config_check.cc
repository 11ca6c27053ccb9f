// SPDX-License-Identifier: Apache-2.0
#include "builder/kernel/config_check.h"

#include <fmt/core.h>

#include <set>

#include "builder/recipe/nearest.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace kata::kernel {
namespace {

std::string explain_unknown(const std::string& symbol, const KconfigTree& tree) {
  std::vector<std::string> known;
  for (const auto& [name, definitions] : tree.symbols) known.push_back(name);
  const std::vector<std::string> near = recipe::nearest_names(symbol, known, 3);
  if (near.empty()) return "this kernel has no such symbol";
  return fmt::format("this kernel has no such symbol: did you mean CONFIG_{}?",
                     joined(near, ", CONFIG_"));
}

std::vector<std::string> unmet_of(const std::vector<std::string>& conditions,
                                  const Values& config) {
  std::vector<std::string> unmet;
  std::set<std::string> seen;
  for (const std::string& condition : conditions) {
    for (std::string& part : unmet_parts(parse_expression(condition), config)) {
      if (seen.insert(part).second) unmet.push_back(std::move(part));
    }
  }
  return unmet;
}

/// Who switches the symbol on although the fragment wants it off, or could switch it on although it
/// cannot be chosen.
std::string selectors(const std::string& symbol, const Values& config, const KconfigTree& tree,
                      bool active) {
  const auto found = tree.selections.find(symbol);
  if (found == tree.selections.end()) return {};
  std::vector<std::string> names;
  for (const Selection& selection : found->second) {
    const bool is_on =
        config.contains(selection.by) &&
        (selection.condition.empty() || is_true(parse_expression(selection.condition), config));
    if (is_on != active) continue;
    if (names.size() == 6) {
      names.emplace_back("...");
      break;
    }
    names.push_back(selection.by);
  }
  return joined(names, ", ");
}

std::string explain_missing(const std::string& symbol, const Values& config,
                            const KconfigTree& tree) {
  const std::vector<Definition>& definitions = tree.symbols.at(symbol);
  std::vector<std::string> reasons;
  for (const Definition& definition : definitions) {
    std::vector<std::string> unmet = unmet_of(definition.depends, config);
    if (!unmet.empty()) {
      reasons.push_back(fmt::format("its dependencies are not met ({}): {}", definition.place,
                                    joined(unmet, "; ")));
      continue;
    }
    if (!definition.has_prompt) {
      const std::string by = selectors(symbol, config, tree, false);
      reasons.push_back(
          fmt::format("it cannot be chosen ({}): {}", definition.place,
                      by.empty() ? "only its default sets it" : "it comes with one of " + by));
      continue;
    }
    unmet = unmet_of(definition.prompt_needs, config);
    if (!unmet.empty()) {
      reasons.push_back(fmt::format("it can be chosen only under a condition ({}): {}",
                                    definition.place, joined(unmet, "; ")));
      continue;
    }
    reasons.push_back(fmt::format("the kernel's Kconfig dropped it; see {}", definition.place));
  }
  return joined(reasons, "; or ");
}

}  // namespace

std::string explain_loss(const std::string& symbol, const std::string& wanted, const Values& config,
                         const KconfigTree& tree) {
  if (!tree.symbols.contains(symbol)) return explain_unknown(symbol, tree);
  if (wanted == "n") {
    const std::string by = selectors(symbol, config, tree, true);
    if (!by.empty()) return "it is selected by " + by;
    const std::vector<std::string> unmet =
        unmet_of(tree.symbols.at(symbol).front().prompt_needs, config);
    if (!unmet.empty())
      return "it can be switched off only under a condition: " + joined(unmet, "; ");
    return "its default is on; see " + tree.symbols.at(symbol).front().place;
  }
  const auto got = config.find(symbol);
  if (wanted == "m" && got != config.end() && got->second == "y") {
    const std::string by = selectors(symbol, config, tree, true);
    return by.empty() ? "it cannot be a module, only built in; see " +
                            tree.symbols.at(symbol).front().place
                      : "it is built in for " + by;
  }
  if (wanted == "y" && got != config.end() && got->second == "m")
    return "something that it depends on is a module; see " + tree.symbols.at(symbol).front().place;
  if (got != config.end())
    return "the value is out of range or of the wrong type; see " +
           tree.symbols.at(symbol).front().place;
  return explain_missing(symbol, config, tree);
}

void check_survived(const Requests& requests, const Values& config, const KconfigTree& tree) {
  std::string problems;
  std::size_t count = 0;
  for (const auto& [symbol, request] : requests) {
    const auto found = config.find(symbol);
    const std::string got = found == config.end() ? "n" : found->second;
    // An empty text is written by Kconfig as "", and is absent when its dependencies are off
    const bool survived = got == request.value;
    if (survived && (found != config.end() || tree.symbols.contains(symbol))) continue;
    ++count;
    problems += fmt::format("\n  {}: CONFIG_{}: wanted {}, got {}: {}", request.origin, symbol,
                            request.value, got == "n" ? "n (not set)" : got,
                            explain_loss(symbol, request.value, config, tree));
  }
  if (count == 0) return;
  throw_error(Code::invalid_argument,
              "check the kernel configuration: {} of {} symbols did not survive:{}", count,
              requests.size(), problems);
}

}  // namespace kata::kernel
