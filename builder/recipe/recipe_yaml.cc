// SPDX-License-Identifier: Apache-2.0
#include "builder/recipe/recipe_yaml.h"

#include <charconv>
#include <cstdio>
#include <string_view>

#include "builder/recipe/yaml_reader.h"
#include "runtime/base/path.h"

namespace kata::recipe {
namespace {

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

}  // namespace

RecipeKind recipe_kind(const std::string& path) {
  return with_document(path, [](const Document& document, const YAML::Node& top) {
    if (!top.IsMap())
      fail(document, top.Mark(), "a recipe must be a map of keys, not {}", type_name(top));
    if (top["repository"].IsDefined() && !top["packages"].IsMap()) return RecipeKind::build;
    if (top["packages"].IsDefined()) return RecipeKind::packages;
    if (top["channels"].IsDefined()) return RecipeKind::repository;
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
         {"format",
          [&](const YAML::Node& n) { (void)choice_of(document, n, "format", {"initrd"}); }},
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
