// SPDX-License-Identifier: Apache-2.0
#include "builder/repo/xml_text.h"

#include <array>
#include <charconv>
#include <utility>

namespace kata::repo {
namespace {

constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
    {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};

/// "#13" or "#xD" as UTF-8; nothing when it is no character.
std::string character(std::string_view number) {
  const bool hexadecimal = number.starts_with("x");
  if (hexadecimal) number.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), code, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != number.data() + number.size() || code > 0x10ffff) return "";
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f))};
  if (code < 0x10000) {
    return {byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
  }
  return {byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)),
          byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
}

/// Where the first `<element` with nothing more in its name begins.
std::size_t find_element(std::string_view xml, std::string_view element) {
  for (std::size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at + 1)) {
    if (xml.compare(at + 1, element.size(), element) != 0) continue;
    const std::size_t after = at + 1 + element.size();
    if (after < xml.size() && (xml[after] == ' ' || xml[after] == '>' || xml[after] == '/'))
      return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string unescaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t at = text.find('&');
    result += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
    const std::size_t end = text.find(';');
    if (end == std::string_view::npos) break;
    const std::string_view name = text.substr(0, end);
    if (name.starts_with("#")) result += character(name.substr(1));
    for (const auto& [entity, value] : kEntities) {
      if (name == entity) result += value;
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

std::optional<std::string_view> attribute_of(std::string_view xml, std::string_view element,
                                             std::string_view attribute) {
  const std::size_t begin = find_element(xml, element);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view tag = xml.substr(begin, xml.find('>', begin) - begin);
  for (std::size_t at = tag.find(attribute); at != std::string_view::npos;
       at = tag.find(attribute, at + 1)) {
    const std::size_t quote = at + attribute.size() + 1;
    if (at == 0 || tag[at - 1] != ' ' || tag.compare(quote - 1, 2, "=\"") != 0) continue;
    const std::size_t end = tag.find('"', quote + 1);
    if (end == std::string_view::npos) return std::nullopt;
    return tag.substr(quote + 1, end - quote - 1);
  }
  return std::nullopt;
}

std::optional<std::string_view> content_of(std::string_view xml, std::string_view element) {
  const std::size_t begin = find_element(xml, element);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t close = xml.find('>', begin);
  if (close == std::string_view::npos) return std::nullopt;
  if (xml[close - 1] == '/') return std::string_view();
  const std::size_t end = xml.find('<', close);
  if (end == std::string_view::npos) return std::nullopt;
  return xml.substr(close + 1, end - close - 1);
}

}  // namespace kata::repo
