// SPDX-License-Identifier: Apache-2.0
//
// The rules of minimization that look at a path alone: patterns, documentation, locales, package
// databases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/recipe/image_recipe.h"
#include "builder/rootfs/shape/glob.h"
#include "builder/rootfs/tree.h"

namespace kata::rootfs {

class RemovalRules {
 public:
  RemovalRules(const recipe::Minimize& minimize, const Tree& tree);
  /// Whether `keep` holds it, whatever else is said.
  [[nodiscard]] bool keeps(const std::string& path) const;
  /// The rule that takes it away, for people; nothing: none does. `keep` is not asked.
  [[nodiscard]] std::optional<std::string> rule_for(const std::string& path) const;

 private:
  [[nodiscard]] bool is_unwanted_locale(const std::string& path) const;
  [[nodiscard]] bool keeps_locale(std::string_view name) const;

  const recipe::Minimize& minimize_;
  std::vector<Glob> exclude_;
  std::vector<Glob> keep_;
};

}  // namespace kata::rootfs
