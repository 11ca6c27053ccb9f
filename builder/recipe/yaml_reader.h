// SPDX-License-Identifier: Apache-2.0
//
// Strict reading of YAML values, shared by the readers of every kind of recipe: each mistake is an
// Error(invalid_argument) "FILE:LINE:COLUMN: what". Included by the *_yaml.cc files only.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::recipe {

/// The recipe's name in messages, and the folder its relative paths start at and may not leave.
struct Document {
  std::string name;
  std::string root;
};

/// Throws Error(invalid_argument) for the place `mark`.
template <typename... Args>
[[noreturn]] void fail(const Document& document, const YAML::Mark& mark,
                       fmt::format_string<Args...> format, Args&&... args) {
  throw Error(Code::invalid_argument,
              fmt::format("{}:{}:{}: {}", document.name, mark.line + 1, mark.column + 1,
                          fmt::format(format, std::forward<Args>(args)...)));
}

/// What a node is, for messages: "a list".
[[nodiscard]] const char* type_name(const YAML::Node& node);
/// A scalar's text; `what` names it in the error.
[[nodiscard]] std::string text_of(const Document& document, const YAML::Node& node,
                                  std::string_view what);
/// As text_of, and not empty.
[[nodiscard]] std::string non_empty_text(const Document& document, const YAML::Node& node,
                                         std::string_view what);
/// As non_empty_text, without a line break.
[[nodiscard]] std::string one_line(const Document& document, const YAML::Node& node,
                                   std::string_view what);
/// A number from 0 to `limit`.
[[nodiscard]] std::uint64_t number_of(const Document& document, const YAML::Node& node,
                                      std::string_view what, std::uint64_t limit, int base = 10);
/// true or false.
[[nodiscard]] bool bool_of(const Document& document, const YAML::Node& node, std::string_view what);
/// An absolute path; a relative one starts at the document's root and stays below it.
[[nodiscard]] std::string path_of(const Document& document, const YAML::Node& node,
                                  std::string_view what);

using Handler = std::function<void(const YAML::Node&)>;
struct Key {
  std::string name;
  Handler handle;
  bool required = false;
};

struct RecordedKey {
  std::string section;
  std::string name;
  int depth = 0;
};

/// While it lives, the maps and lists that this thread reads are not looked at: read_map notes its
/// keys and calls every handler with nothing, read_list calls its own once. So the readers tell
/// what they know, whatever the document says.
class KeyRecording {
 public:
  KeyRecording();
  ~KeyRecording();
  KeyRecording(const KeyRecording&) = delete;
  KeyRecording& operator=(const KeyRecording&) = delete;
  [[nodiscard]] const std::vector<RecordedKey>& keys() const noexcept { return keys_; }
  void note(std::string_view section, const std::vector<Key>& keys);

 private:
  std::vector<RecordedKey> keys_;
  int depth_ = 0;
};

/// Hands each value of `map` to its key's handler; unknown, doubled and missing keys are errors.
void read_map(const Document& document, const YAML::Node& map, std::string_view what,
              const std::vector<Key>& keys);
/// Hands each item to `handle`.
void read_list(const Document& document, const YAML::Node& list, std::string_view what,
               const Handler& handle);
/// Paths, none of them twice.
[[nodiscard]] std::vector<std::string> path_list(const Document& document, const YAML::Node& list,
                                                 std::string_view what);
/// 64 hexadecimal digits, in lower case.
[[nodiscard]] std::string sha256_of(const Document& document, const YAML::Node& node);
/// "2026-01-01", "2026-01-01T12:00:00Z" or seconds since 1970.
[[nodiscard]] std::int64_t timestamp_of(const Document& document, const YAML::Node& node);
/// One of `choices`.
[[nodiscard]] std::string choice_of(const Document& document, const YAML::Node& node,
                                    std::string_view what, const std::vector<std::string>& choices);

/// The document and its top node; yaml-cpp's own exceptions become Errors here.
template <typename Body>
auto with_document(const std::string& path, Body body) {
  const std::string text =
      in_context([&] { return read_file(path, 1U << 20); }, "read recipe {}", path);
  const std::string absolute =
      path.front() == '/' ? path : join_path(std::filesystem::current_path().string(), path);
  std::string root = parent_path(clean_path(absolute));
  if (base_name(root) == "recipes") root = parent_path(root);
  const Document document{path, root};
  try {
    const YAML::Node top = YAML::Load(text);
    if (!top.IsDefined() || top.IsNull())
      throw_error(Code::invalid_argument, "{}: the recipe is empty", path);
    return body(document, top);
  } catch (const YAML::Exception& error) {
    fail(document, error.mark, "{}", error.msg);
  }
}

}  // namespace kata::recipe
