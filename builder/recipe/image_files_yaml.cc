// SPDX-License-Identifier: Apache-2.0
//
// What a recipe adds to its base: files, users and groups.
#include <charconv>
#include <cstdio>
#include <string_view>
#include <tuple>

#include "builder/recipe/image_sections.h"

namespace kata::recipe {
namespace {

std::pair<unsigned, unsigned> read_owner(const Document& document, const YAML::Node& node) {
  const std::string text = text_of(document, node, "owner");
  std::pair<unsigned, unsigned> owner;
  const std::size_t colon = text.find(':');
  const auto id = [&](std::string_view part, unsigned& into) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), into);
    return !part.empty() && error == std::errc() && end == part.data() + part.size();
  };
  if (colon == std::string::npos || !id(std::string_view(text).substr(0, colon), owner.first) ||
      !id(std::string_view(text).substr(colon + 1), owner.second)) {
    fail(document, node.Mark(), "owner must be UID:GID in numbers, like \"0:0\", not \"{}\"", text);
  }
  return owner;
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

std::map<std::string, std::string> read_xattrs(const Document& document, const YAML::Node& node) {
  std::map<std::string, std::string> xattrs;
  if (!node.IsMap())
    fail(document, node.Mark(), "xattrs must be a map of names, not {}", type_name(node));
  for (const auto& pair : node) {
    const std::string name = non_empty_text(document, pair.first, "an attribute's name");
    if (name.find('.') == std::string::npos || name.size() > 255)
      fail(document, pair.first.Mark(), "an attribute's name needs its class, like user.{}", name);
    xattrs[name] = text_of(document, pair.second, name);
  }
  return xattrs;
}

ImageFile read_image_file(const Document& document, const YAML::Node& node) {
  ImageFile file;
  int count = 0;
  const auto kind = [&](FileKind value) {
    file.kind = value;
    ++count;
  };
  read_map(
      document, node, "an entry of files",
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
       {"owner",
        [&](const YAML::Node& n) { std::tie(file.uid, file.gid) = read_owner(document, n); }},
       {"xattrs", [&](const YAML::Node& n) { file.xattrs = read_xattrs(document, n); }},
       {"capabilities",
        [&](const YAML::Node& n) { file.capabilities = one_line(document, n, "capabilities"); }},
       {"mode", [&](const YAML::Node& n) {
          file.mode = static_cast<unsigned>(number_of(document, n, "mode", 07777, 8));
        }}});
  if (count != 1) {
    fail(document, node.Mark(),
         "file {} needs exactly one of source, content, symlink, directory and device", file.path);
  }
  const bool is_regular = file.kind == FileKind::source || file.kind == FileKind::content;
  if (!file.capabilities.empty() && !is_regular)
    fail(document, node.Mark(), "capabilities of {}: only a program can have them", file.path);
  return file;
}

ImageAttributes read_attribute(const Document& document, const YAML::Node& node) {
  ImageAttributes attributes;
  read_map(
      document, node, "an entry of attributes",
      {{"path", [&](const YAML::Node& n) { attributes.path = image_path_of(document, n); }, true},
       {"owner", [&](const YAML::Node& n) { attributes.owner = read_owner(document, n); }},
       {"xattrs", [&](const YAML::Node& n) { attributes.xattrs = read_xattrs(document, n); }},
       {"capabilities",
        [&](const YAML::Node& n) {
          attributes.capabilities = one_line(document, n, "capabilities");
        }},
       {"mode", [&](const YAML::Node& n) {
          attributes.mode = static_cast<unsigned>(number_of(document, n, "mode", 07777, 8));
        }}});
  return attributes;
}

unsigned id_of(const Document& document, const YAML::Node& node, std::string_view what) {
  // (uid_t)-1 means "nobody in particular" to chown(2)
  return static_cast<unsigned>(number_of(document, node, what, 0xfffffffe));
}

std::string account_name(const Document& document, const YAML::Node& node) {
  std::string name = one_line(document, node, "name");
  if (name.size() > 32 || name.front() == '-' ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
          std::string::npos) {
    fail(document, node.Mark(), "name must be up to 32 letters, digits and ._-, not \"{}\"", name);
  }
  return name;
}

/// A field of passwd(5).
std::string field_of(const Document& document, const YAML::Node& node, std::string_view what) {
  std::string text = text_of(document, node, what);
  if (text.find_first_of(":\n") != std::string::npos)
    fail(document, node.Mark(), "{} must not hold a colon or a line break", what);
  return text;
}

ImageGroup read_group(const Document& document, const YAML::Node& node) {
  ImageGroup group;
  read_map(document, node, "a group",
           {{"name", [&](const YAML::Node& n) { group.name = account_name(document, n); }, true},
            {"gid", [&](const YAML::Node& n) { group.gid = id_of(document, n, "gid"); }, true},
            {"members", [&](const YAML::Node& n) {
               read_list(document, n, "members", [&](const YAML::Node& m) {
                 group.members.push_back(account_name(document, m));
               });
             }}});
  return group;
}

ImageUser read_user(const Document& document, const YAML::Node& node) {
  ImageUser user;
  bool has_gid = false;
  read_map(
      document, node, "a user",
      {{"name", [&](const YAML::Node& n) { user.name = account_name(document, n); }, true},
       {"uid", [&](const YAML::Node& n) { user.uid = id_of(document, n, "uid"); }, true},
       {"gid",
        [&](const YAML::Node& n) {
          user.gid = id_of(document, n, "gid");
          has_gid = true;
        }},
       {"home", [&](const YAML::Node& n) { user.home = field_of(document, n, "home"); }},
       {"shell", [&](const YAML::Node& n) { user.shell = field_of(document, n, "shell"); }},
       {"comment", [&](const YAML::Node& n) { user.comment = field_of(document, n, "comment"); }}});
  if (!has_gid) user.gid = user.uid;
  return user;
}

}  // namespace

std::vector<ImageFile> read_image_files(const Document& document, const YAML::Node& list) {
  std::vector<ImageFile> files;
  read_list(document, list, "files",
            [&](const YAML::Node& n) { files.push_back(read_image_file(document, n)); });
  return files;
}

std::vector<ImageAttributes> read_attributes(const Document& document, const YAML::Node& list) {
  std::vector<ImageAttributes> attributes;
  read_list(document, list, "attributes",
            [&](const YAML::Node& n) { attributes.push_back(read_attribute(document, n)); });
  return attributes;
}

std::vector<ImageGroup> read_groups(const Document& document, const YAML::Node& list) {
  std::vector<ImageGroup> groups;
  read_list(document, list, "groups",
            [&](const YAML::Node& n) { groups.push_back(read_group(document, n)); });
  return groups;
}

std::vector<ImageUser> read_users(const Document& document, const YAML::Node& list) {
  std::vector<ImageUser> users;
  read_list(document, list, "users",
            [&](const YAML::Node& n) { users.push_back(read_user(document, n)); });
  return users;
}

}  // namespace kata::recipe
