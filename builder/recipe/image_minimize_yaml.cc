// SPDX-License-Identifier: Apache-2.0
//
// What a recipe runs in its root and takes away again, and the kinds of values that only image
// recipes have.
#include <charconv>

#include "builder/recipe/image_sections.h"

namespace kata::recipe {
namespace {

std::vector<std::string> globs_of(const Document& document, const YAML::Node& node,
                                  std::string_view what) {
  std::vector<std::string> globs = text_list(document, node, what);
  for (const std::string& glob : globs) {
    if (glob.front() != '/')
      fail(document, node.Mark(), "{} must be absolute within the image, not \"{}\"", what, glob);
  }
  return globs;
}

}  // namespace

std::vector<std::string> text_list(const Document& document, const YAML::Node& node,
                                   std::string_view what) {
  if (node.IsScalar()) return {non_empty_text(document, node, what)};
  std::vector<std::string> texts;
  read_list(document, node, what,
            [&](const YAML::Node& n) { texts.push_back(non_empty_text(document, n, what)); });
  return texts;
}

std::uint64_t size_of(const Document& document, const YAML::Node& node, std::string_view what) {
  const std::string text = text_of(document, node, what);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  unsigned shift = 64;
  for (const auto& [name, bits] : {std::pair<std::string_view, unsigned>{"", 0},
                                   {"KiB", 10},
                                   {"MiB", 20},
                                   {"GiB", 30},
                                   {"TiB", 40}}) {
    if (unit == name) shift = bits;
  }
  if (error != std::errc() || shift == 64 || value > (std::uint64_t{1} << (62 - shift))) {
    fail(document, node.Mark(), "{} must be a number of bytes, or one of KiB, MiB, GiB, not \"{}\"",
         what, text);
  }
  return value << shift;
}

std::vector<std::string> read_command(const Document& document, const YAML::Node& node) {
  if (node.IsScalar())
    return {"/bin/sh", "-ec", non_empty_text(document, node, "a command of run")};
  std::vector<std::string> words = text_list(document, node, "a command of run");
  if (words.empty()) fail(document, node.Mark(), "a command of run must not be empty");
  return words;
}

Minimize read_minimize(const Document& document, const YAML::Node& node) {
  Minimize minimize;
  read_map(document, node, "minimize",
           {{"exclude",
             [&](const YAML::Node& n) { minimize.exclude = globs_of(document, n, "exclude"); }},
            {"keep", [&](const YAML::Node& n) { minimize.keep = globs_of(document, n, "keep"); }},
            {"documentation",
             [&](const YAML::Node& n) {
               minimize.documentation = bool_of(document, n, "documentation");
             }},
            {"package_databases",
             [&](const YAML::Node& n) {
               minimize.package_databases = bool_of(document, n, "package_databases");
             }},
            {"locales",
             [&](const YAML::Node& n) { minimize.locales = text_list(document, n, "locales"); }},
            {"programs",
             [&](const YAML::Node& n) { minimize.programs = globs_of(document, n, "programs"); }},
            {"libraries", [&](const YAML::Node& n) {
               minimize.libraries = text_list(document, n, "libraries");
             }}});
  if (minimize.programs.empty() && !minimize.libraries.empty())
    fail(document, node.Mark(), "libraries needs programs: without them every library stays");
  return minimize;
}

}  // namespace kata::recipe
