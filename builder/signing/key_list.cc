// SPDX-License-Identifier: Apache-2.0
#include "builder/signing/key_list.h"

#include <fmt/core.h>
#include <time.h>

#include <array>
#include <charconv>

namespace kata::signing {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t colon = line.find(':');
    fields.push_back(line.substr(0, colon));
    if (colon == std::string_view::npos) break;
    line.remove_prefix(colon + 1);
  }
  fields.resize(std::max<std::size_t>(fields.size(), 16));
  return fields;
}

template <typename Number>
Number number_of(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

KeyFacts key_of(const std::vector<std::string_view>& fields) {
  KeyFacts key;
  key.validity = fields[1].empty() ? '-' : fields[1].front();
  key.bits = number_of<unsigned>(fields[2]);
  key.algorithm = number_of<int>(fields[3]);
  key.expires = number_of<std::int64_t>(fields[6]);
  // A lower-case s is the primary key's own, a capital one that of any subkey.
  key.can_sign = fields[11].find('s') != std::string_view::npos;
  key.has_secret = fields[0] == "sec" && fields[14] != "#";
  return key;
}

std::string date_text(std::int64_t seconds) {
  const time_t moment = seconds;
  struct tm parts {};
  ::gmtime_r(&moment, &parts);
  std::array<char, 32> text{};
  return {text.data(), ::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

}  // namespace

std::vector<KeyFacts> parse_key_list(std::string_view colons) {
  std::vector<KeyFacts> keys;
  while (!colons.empty()) {
    const std::size_t end = colons.find('\n');
    const std::vector<std::string_view> fields = fields_of(colons.substr(0, end));
    colons.remove_prefix(end == std::string_view::npos ? colons.size() : end + 1);
    if (fields[0] == "pub" || fields[0] == "sec") keys.push_back(key_of(fields));
    if (keys.empty()) continue;
    if (fields[0] == "fpr" && keys.back().fingerprint.empty())
      keys.back().fingerprint = fields[9];  // the first is the primary key's
    if (fields[0] == "uid" && keys.back().user_id.empty()) keys.back().user_id = fields[9];
  }
  return keys;
}

std::string describe(const KeyFacts& key) {
  return fmt::format("{} (fingerprint {})", key.user_id.empty() ? "a key" : key.user_id,
                     key.fingerprint);
}

std::string why_unusable(const KeyFacts& key) {
  switch (key.validity) {
    case 'e':
      return fmt::format("it expired on {}", date_text(key.expires));
    case 'r':
      return "it was revoked";
    case 'i':
      return "it is invalid";
    case 'd':
      return "it is disabled";
    default:
      return {};
  }
}

}  // namespace kata::signing
