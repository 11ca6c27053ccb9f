// SPDX-License-Identifier: Apache-2.0
//
// Sections of an image recipe. Included by the *_yaml.cc files only. All throw
// Error(invalid_argument) "FILE:LINE:COLUMN: what".
#pragma once

#include <string>
#include <vector>

#include "builder/recipe/image_recipe.h"
#include "builder/recipe/yaml_reader.h"

namespace kata::recipe {

/// The `base` section.
[[nodiscard]] ImageBase read_image_base(const Document& document, const YAML::Node& node);
/// The `files` section.
[[nodiscard]] std::vector<ImageFile> read_image_files(const Document& document,
                                                      const YAML::Node& list);
/// The `attributes` section.
[[nodiscard]] std::vector<ImageAttributes> read_attributes(const Document& document,
                                                           const YAML::Node& list);
[[nodiscard]] std::vector<ImageGroup> read_groups(const Document& document, const YAML::Node& list);
[[nodiscard]] std::vector<ImageUser> read_users(const Document& document, const YAML::Node& list);
[[nodiscard]] Minimize read_minimize(const Document& document, const YAML::Node& node);
/// A command: a list of words, or a text for /bin/sh -c.
[[nodiscard]] std::vector<std::string> read_command(const Document& document,
                                                    const YAML::Node& node);
/// A list of non-empty texts, or a single one.
[[nodiscard]] std::vector<std::string> text_list(const Document& document, const YAML::Node& node,
                                                 std::string_view what);
/// Bytes: a number, or one with KiB, MiB or GiB behind it.
[[nodiscard]] std::uint64_t size_of(const Document& document, const YAML::Node& node,
                                    std::string_view what);

}  // namespace kata::recipe
