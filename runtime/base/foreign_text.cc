// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/foreign_text.h"

namespace kata {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

/// `text` cut between two characters.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (byte_at(text, limit) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::string replace_controls(std::string_view text, bool keep_lines) {
  std::string clean(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const unsigned byte = byte_at(clean, i);
    const unsigned next = byte_at(clean, i + 1);
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // U+0080 to U+009F
      clean[i] = clean[i + 1] = '?';
    } else if ((byte < ' ' && !(keep_lines && (byte == '\n' || byte == '\t'))) || byte == 0x7f) {
      clean[i] = '?';
    }
  }
  return clean;
}

}  // namespace

std::string foreign_line(std::string_view text, std::size_t limit) {
  return replace_controls(cut(text, limit), false);
}

std::string foreign_lines(std::string_view text, std::size_t limit) {
  return replace_controls(cut(text, limit), true);
}

}  // namespace kata
