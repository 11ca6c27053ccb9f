// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/yaml_reader.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "builder/recipe/nearest.h"

namespace kata::recipe {
namespace {

thread_local KeyRecording* recording = nullptr;

}  // namespace

KeyRecording::KeyRecording() { recording = this; }
KeyRecording::~KeyRecording() { recording = nullptr; }

void KeyRecording::note(std::string_view section, const std::vector<Key>& keys) {
  constexpr int kDeepest = 20;
  if (depth_ > kDeepest) return;
  for (const Key& key : keys) {
    const auto is_known = [&](const RecordedKey& known) {
      return known.section == section && known.name == key.name;
    };
    if (std::none_of(keys_.begin(), keys_.end(), is_known))
      keys_.push_back({std::string(section), key.name, depth_});
  }
  ++depth_;
  for (const Key& key : keys)
    ignore_error([&] { key.handle(YAML::Node()); }, "a recording has no values");
  --depth_;
}

const char* type_name(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return "a single value";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a map";
    default:
      return "nothing";
  }
}

std::string text_of(const Document& document, const YAML::Node& node, std::string_view what) {
  if (!node.IsScalar())
    fail(document, node.Mark(), "{} must be a text, not {}", what, type_name(node));
  std::string text = node.Scalar();
  if (text.find('\0') != std::string::npos)
    fail(document, node.Mark(), "{} must not hold a NUL byte", what);
  return text;
}

std::string non_empty_text(const Document& document, const YAML::Node& node,
                           std::string_view what) {
  std::string text = text_of(document, node, what);
  if (text.empty()) fail(document, node.Mark(), "{} must not be empty", what);
  return text;
}

std::string one_line(const Document& document, const YAML::Node& node, std::string_view what) {
  std::string text = non_empty_text(document, node, what);
  if (text.find('\n') != std::string::npos)
    fail(document, node.Mark(), "{} must be a single line", what);
  return text;
}

std::uint64_t number_of(const Document& document, const YAML::Node& node, std::string_view what,
                        std::uint64_t limit, int base) {
  const std::string text = text_of(document, node, what);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > limit) {
    fail(document, node.Mark(), "{} must be {} number up to {}, not \"{}\"", what,
         base == 8 ? "an octal" : "a",
         base == 8 ? fmt::format("{:o}", limit) : std::to_string(limit), text);
  }
  return value;
}

bool bool_of(const Document& document, const YAML::Node& node, std::string_view what) {
  const std::string text = text_of(document, node, what);
  if (text == "true") return true;
  if (text == "false") return false;
  fail(document, node.Mark(), "{} must be true or false, not \"{}\"", what, text);
}

std::string path_of(const Document& document, const YAML::Node& node, std::string_view what) {
  const std::string text = non_empty_text(document, node, what);
  if (text.front() == '/') return clean_path(text);
  std::string path = clean_path(join_path(document.root, text));
  if (!is_below(path, document.root)) {
    fail(document, node.Mark(),
         "{}: {} leaves the recipe's folder {}: put the file below that folder, or give an "
         "absolute path",
         what, text, document.root);
  }
  return path;
}

void read_map(const Document& document, const YAML::Node& map, std::string_view what,
              const std::vector<Key>& keys) {
  if (recording != nullptr) return recording->note(what, keys);
  if (!map.IsMap())
    fail(document, map.Mark(), "{} must be a map of keys, not {}", what, type_name(map));
  std::set<std::string> seen;
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name);
  for (const auto& pair : map) {
    const std::string name = text_of(document, pair.first, "a key");
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
    if (key == keys.end()) {
      const std::vector<std::string> near = nearest_names(name, names);
      if (!near.empty())
        fail(document, pair.first.Mark(), "unknown key \"{}\" in {}: did you mean \"{}\"?", name,
             what, near[0]);
      std::string list;
      for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
      fail(document, pair.first.Mark(), "unknown key \"{}\" in {}: the keys are {}", name, what,
           list);
    }
    if (!seen.insert(name).second)
      fail(document, pair.first.Mark(), "key \"{}\" is there twice in {}", name, what);
    key->handle(pair.second);
  }
  for (const Key& key : keys) {
    if (key.required && !seen.contains(key.name))
      fail(document, map.Mark(), "{} lacks the key \"{}\"", what, key.name);
  }
}

void read_list(const Document& document, const YAML::Node& list, std::string_view what,
               const Handler& handle) {
  if (recording != nullptr) return handle(YAML::Node());
  if (!list.IsSequence())
    fail(document, list.Mark(), "{} must be a list, not {}", what, type_name(list));
  for (const YAML::Node& node : list) handle(node);
}

std::vector<std::string> path_list(const Document& document, const YAML::Node& list,
                                   std::string_view what) {
  std::vector<std::string> paths;
  read_list(document, list, what, [&](const YAML::Node& node) {
    std::string path = path_of(document, node, what);
    if (std::find(paths.begin(), paths.end(), path) != paths.end()) {
      fail(document, node.Mark(), "{}: {} is listed twice", what, path);
    }
    paths.push_back(std::move(path));
  });
  return paths;
}

std::string sha256_of(const Document& document, const YAML::Node& node) {
  std::string text = text_of(document, node, "sha256");
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c);
  });
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string::npos) {
    fail(document, node.Mark(), "sha256 must be 64 hexadecimal digits, not \"{}\"", text);
  }
  return text;
}

std::int64_t timestamp_of(const Document& document, const YAML::Node& node) {
  const std::string text = text_of(document, node, "timestamp");
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%s"}) {
    struct tm parts {};
    const char* end = ::strptime(text.c_str(), format, &parts);
    if (end == nullptr || *end != '\0') continue;
    if (std::string_view(format) == "%s") break;
    return ::timegm(&parts);
  }
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos &&
      text.size() < 12) {
    return std::stoll(text);
  }
  fail(document, node.Mark(),
       "timestamp must be a date like 2026-01-01 or 2026-01-01T12:00:00Z, not \"{}\"", text);
}

std::string choice_of(const Document& document, const YAML::Node& node, std::string_view what,
                      const std::vector<std::string>& choices) {
  std::string text = text_of(document, node, what);
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
  std::string list;
  for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
  fail(document, node.Mark(), "{} must be one of {}, not \"{}\"", what, list, text);
}

}  // namespace kata::recipe
