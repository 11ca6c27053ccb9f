// SPDX-License-Identifier: Apache-2.0
//
// Kconfig fragments, merged: which symbol shall have which value, and who said so.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kata::kernel {

struct Request {
  std::string value;   ///< "y", "n", "m", a number, or a text with its quotes
  std::string origin;  ///< "base.conf:12"
};

/// Symbols without the CONFIG_ prefix, sorted.
using Requests = std::map<std::string, Request>;

/// Adds one fragment's lines; `name` is for messages. Throws Error(invalid_argument) for a line
/// that is neither a value nor a comment, and for a symbol that has another value already, naming
/// both places.
void merge_fragment(std::string_view text, const std::string& name, Requests& requests);
/// Whether the kernel has loadable modules: CONFIG_MODULES=y.
[[nodiscard]] bool builds_modules(const Requests& requests);
/// Throws Error(invalid_argument) that names each "m" of a kernel without modules.
void check_modules(const Requests& requests);
/// Reads and merges the fragments in order. All their errors are in one Error.
[[nodiscard]] Requests merge_fragments(const std::vector<std::string>& paths);
/// The text of the merged configuration, in the form of a .config file.
[[nodiscard]] std::string merged_text(const Requests& requests);
/// A .config file's values by symbol; what is not set is absent.
[[nodiscard]] std::map<std::string, std::string> parse_dot_config(std::string_view text);

}  // namespace kata::kernel
