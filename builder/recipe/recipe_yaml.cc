// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/recipe_yaml.h"

#include <time.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <set>
#include <string_view>

#include "builder/recipe/nearest.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/path.h"

namespace kata::recipe {
namespace {

/// The recipe's name in messages, and the folder its relative paths start at and may not leave.
struct Document {
  std::string name;
  std::string root;
};

template <typename... Args>
[[noreturn]] void fail(const Document& document, const YAML::Mark& mark,
                       fmt::format_string<Args...> format, Args&&... args) {
  throw Error(Code::invalid_argument,
              fmt::format("{}:{}:{}: {}", document.name, mark.line + 1, mark.column + 1,
                          fmt::format(format, std::forward<Args>(args)...)));
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

std::uint64_t number_of(const Document& document, const YAML::Node& node, std::string_view what,
                        std::uint64_t limit, int base = 10) {
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

using Handler = std::function<void(const YAML::Node&)>;
struct Key {
  std::string name;
  Handler handle;
  bool required = false;
};

/// Hands each value of `map` to its key's handler; unknown, doubled and missing keys are errors.
void read_map(const Document& document, const YAML::Node& map, std::string_view what,
              const std::vector<Key>& keys) {
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

/// "2026-01-01", "2026-01-01T12:00:00Z" or seconds since 1970.
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

void read_archive(const Document& document, const YAML::Node& node, std::string_view what,
                  KernelSource& source) {
  std::vector<Key> keys = {
      {"path", [&](const YAML::Node& n) { source.path = path_of(document, n, "path"); }},
      {"url", [&](const YAML::Node& n) { source.url = non_empty_text(document, n, "url"); }},
      {"sha256", [&](const YAML::Node& n) { source.sha256 = sha256_of(document, n); }},
  };
  if (source.kind == SourceKind::srpm) {
    keys.push_back({"patches", [&](const YAML::Node& list) {
                      read_list(document, list, "patches", [&](const YAML::Node& n) {
                        std::string name = non_empty_text(document, n, "a patch");
                        if (name.find('/') != std::string::npos) {
                          fail(document, n.Mark(),
                               "patch {} must be the name of a file within the source RPM", name);
                        }
                        source.patches.push_back(std::move(name));
                      });
                    }});
  }
  read_map(document, node, what, keys);
  if (source.path.empty() == source.url.empty()) {
    fail(document, node.Mark(), "{} needs one of \"path\" and \"url\"", what);
  }
  if (!source.url.empty() && source.sha256.empty()) {
    fail(document, node.Mark(),
         "{} with a \"url\" needs \"sha256\": a download is not trusted without", what);
  }
}

KernelSource read_source(const Document& document, const YAML::Node& node) {
  KernelSource source;
  int count = 0;
  const auto archive = [&](SourceKind kind, std::string_view what) {
    return [&, kind, what](const YAML::Node& n) {
      source.kind = kind;
      ++count;
      read_archive(document, n, what, source);
    };
  };
  const auto package = [&](const YAML::Node& n) {
    source.package = non_empty_text(document, n, "package");
    if (source.package.find('/') != std::string::npos || source.package.front() == '.') {
      fail(document, n.Mark(), "package must be a package's name, not \"{}\"", source.package);
    }
    ++count;
  };
  read_map(document, node, "source",
           {{"package", package},
            {"tarball", archive(SourceKind::tarball, "source.tarball")},
            {"srpm", archive(SourceKind::srpm, "source.srpm")},
            {"sha256", [&](const YAML::Node& n) { source.sha256 = sha256_of(document, n); }}});
  if (count != 1)
    fail(document, node.Mark(),
         "source needs exactly one of \"package\", \"tarball\" and \"srpm\"");
  return source;
}

void read_owner(const Document& document, const YAML::Node& node, ImageFile& file) {
  const std::string text = text_of(document, node, "owner");
  const std::size_t colon = text.find(':');
  const auto id = [&](std::string_view part, unsigned& into) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), into);
    return !part.empty() && error == std::errc() && end == part.data() + part.size();
  };
  if (colon == std::string::npos || !id(std::string_view(text).substr(0, colon), file.uid) ||
      !id(std::string_view(text).substr(colon + 1), file.gid)) {
    fail(document, node.Mark(), "owner must be UID:GID in numbers, like \"0:0\", not \"{}\"", text);
  }
}

/// "c 5:1" or "b 8:0".
void read_device(const Document& document, const YAML::Node& node, ImageFile& file) {
  const std::string text = text_of(document, node, "device");
  char kind = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%c %u:%u%c", &kind, &file.device_major, &file.device_minor,
                  &rest) != 3 ||
      (kind != 'c' && kind != 'b')) {
    fail(document, node.Mark(), "device must be \"c MAJOR:MINOR\" or \"b MAJOR:MINOR\", not \"{}\"",
         text);
  }
  file.block_device = kind == 'b';
}

std::string image_path_of(const Document& document, const YAML::Node& node) {
  const std::string text = non_empty_text(document, node, "path");
  if (text.front() != '/')
    fail(document, node.Mark(), "path must be absolute within the image, not \"{}\"", text);
  if (("/" + text + "/").find("/../") != std::string::npos) {
    fail(document, node.Mark(), "path must not hold \"..\": {}", text);
  }
  return clean_path(text);
}

ImageFile read_image_file(const Document& document, const YAML::Node& node) {
  ImageFile file;
  int count = 0;
  const auto kind = [&](FileKind value) {
    file.kind = value;
    ++count;
  };
  read_map(document, node, "an entry of files",
           {{"path", [&](const YAML::Node& n) { file.path = image_path_of(document, n); }, true},
            {"source",
             [&](const YAML::Node& n) {
               kind(FileKind::source);
               file.source = path_of(document, n, "source");
             }},
            {"content",
             [&](const YAML::Node& n) {
               kind(FileKind::content);
               file.content = text_of(document, n, "content");
             }},
            {"symlink",
             [&](const YAML::Node& n) {
               kind(FileKind::symlink);
               file.target = non_empty_text(document, n, "symlink");
             }},
            {"directory",
             [&](const YAML::Node& n) {
               kind(FileKind::directory);
               if (!bool_of(document, n, "directory"))
                 fail(document, n.Mark(), "directory can only be true");
             }},
            {"device",
             [&](const YAML::Node& n) {
               kind(FileKind::device);
               read_device(document, n, file);
             }},
            {"owner", [&](const YAML::Node& n) { read_owner(document, n, file); }},
            {"mode", [&](const YAML::Node& n) {
               file.mode = static_cast<unsigned>(number_of(document, n, "mode", 07777, 8));
             }}});
  if (count != 1) {
    fail(document, node.Mark(),
         "file {} needs exactly one of source, content, symlink, directory and device", file.path);
  }
  return file;
}

void read_base(const Document& document, const YAML::Node& node, ImageRecipe& recipe) {
  if (node.IsScalar()) {
    if (node.Scalar() == "scratch") return;
    fail(document, node.Mark(),
         "base must be scratch, {{directory: PATH}} or {{tar: PATH}}, not \"{}\"", node.Scalar());
  }
  int count = 0;
  const auto take = [&](BaseKind kind, std::string_view what) {
    return [&, kind, what](const YAML::Node& n) {
      recipe.base = kind;
      recipe.base_path = path_of(document, n, what);
      ++count;
    };
  };
  read_map(
      document, node, "base",
      {{"directory", take(BaseKind::directory, "directory")}, {"tar", take(BaseKind::tar, "tar")}});
  if (count != 1) fail(document, node.Mark(), "base needs one of \"directory\" and \"tar\"");
}

Compression read_compression(const Document& document, const YAML::Node& node) {
  Compression compression;
  YAML::Mark level_mark = node.Mark();
  read_map(document, node, "compression",
           {{"type",
             [&](const YAML::Node& n) {
               const std::string name =
                   choice_of(document, n, "type", {"zstd", "lz4", "gzip", "xz", "none"});
               for (const CompressionType type :
                    {CompressionType::none, CompressionType::gzip, CompressionType::xz,
                     CompressionType::lz4, CompressionType::zstd}) {
                 if (name == compression_name(type)) compression.type = type;
               }
             },
             true},
            {"level", [&](const YAML::Node& n) {
               level_mark = n.Mark();
               compression.level = static_cast<int>(number_of(document, n, "level", 22));
             }}});
  // zstd beyond 19 takes windows that cost the guest up to 128 MB while it unpacks
  const int limit = compression.type == CompressionType::zstd  ? 19
                    : compression.type == CompressionType::lz4 ? 12
                                                               : 9;
  if (compression.level > limit) {
    fail(document, level_mark, "level of {} is at most {}, not {}",
         compression_name(compression.type), limit, compression.level);
  }
  return compression;
}

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

}  // namespace

RecipeKind recipe_kind(const std::string& path) {
  return with_document(path, [](const Document& document, const YAML::Node& top) {
    if (!top.IsMap())
      fail(document, top.Mark(), "a recipe must be a map of keys, not {}", type_name(top));
    const bool kernel = top["fragments"].IsDefined() || top["source"].IsDefined();
    return kernel ? RecipeKind::kernel : RecipeKind::image;
  });
}

KernelRecipe read_kernel_recipe(const std::string& path) {
  return with_document(path, [&](const Document& document, const YAML::Node& top) {
    KernelRecipe recipe;
    recipe.file = path;
    const auto plain_word = [&](const YAML::Node& n, std::string_view what) {
      std::string text = non_empty_text(document, n, what);
      if (text.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/") !=
          std::string::npos) {
        fail(document, n.Mark(), "{} may hold letters, digits and ._+- only, not \"{}\"", what,
             text);
      }
      return text;
    };
    read_map(
        document, top, "a kernel recipe",
        {{"name", [&](const YAML::Node& n) { recipe.name = plain_word(n, "name"); }, true},
         {"source", [&](const YAML::Node& n) { recipe.source = read_source(document, n); }, true},
         {"arch",
          [&](const YAML::Node& n) { recipe.arch = choice_of(document, n, "arch", {"x86_64"}); }},
         {"compiler", [&](const YAML::Node& n) { recipe.compiler = plain_word(n, "compiler"); }},
         {"localversion",
          [&](const YAML::Node& n) { recipe.localversion = plain_word(n, "localversion"); }},
         {"fragments",
          [&](const YAML::Node& n) { recipe.fragments = path_list(document, n, "fragments"); },
          true},
         {"patches",
          [&](const YAML::Node& n) { recipe.patches = path_list(document, n, "patches"); }},
         {"timestamp", [&](const YAML::Node& n) { recipe.timestamp = timestamp_of(document, n); }},
         {"strip", [&](const YAML::Node& n) { recipe.strip = bool_of(document, n, "strip"); }},
         {"require_pvh",
          [&](const YAML::Node& n) { recipe.require_pvh = bool_of(document, n, "require_pvh"); }},
         {"expected_steps", [&](const YAML::Node& n) {
            recipe.expected_steps = number_of(document, n, "expected_steps", 1000000);
          }}});
    if (recipe.fragments.empty())
      fail(document, top.Mark(), "fragments must name at least one file");
    return recipe;
  });
}

ImageRecipe read_image_recipe(const std::string& path) {
  return with_document(path, [&](const Document& document, const YAML::Node& top) {
    ImageRecipe recipe;
    recipe.file = path;
    const auto agent = [&](const YAML::Node& n) {
      read_map(
          document, n, "agent",
          {{"path", [&](const YAML::Node& v) { recipe.agent.path = path_of(document, v, "path"); }},
           {"strip",
            [&](const YAML::Node& v) { recipe.agent.strip = bool_of(document, v, "strip"); }},
           {"as", [&](const YAML::Node& v) {
              recipe.agent.as_service =
                  choice_of(document, v, "as", {"/init", "service"}) == "service";
            }}});
    };
    const auto files = [&](const YAML::Node& list) {
      read_list(document, list, "files",
                [&](const YAML::Node& n) { recipe.files.push_back(read_image_file(document, n)); });
    };
    read_map(
        document, top, "an image recipe",
        {{"name", [&](const YAML::Node& n) { recipe.name = non_empty_text(document, n, "name"); },
          true},
         {"format", [&](const YAML::Node& n) { choice_of(document, n, "format", {"initrd"}); }},
         {"base", [&](const YAML::Node& n) { read_base(document, n, recipe); }},
         {"agent", agent},
         {"files", files},
         {"compression",
          [&](const YAML::Node& n) { recipe.compression = read_compression(document, n); }},
         {"kernel_config",
          [&](const YAML::Node& n) {
            recipe.kernel_config = path_of(document, n, "kernel_config");
          }},
         {"timestamp",
          [&](const YAML::Node& n) { recipe.timestamp = timestamp_of(document, n); }}});
    if (recipe.agent.as_service && recipe.base == BaseKind::scratch) {
      fail(document, top.Mark(),
           "agent as a service needs a base with an init of its own, not scratch");
    }
    return recipe;
  });
}

}  // namespace kata::recipe
