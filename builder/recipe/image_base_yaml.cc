// SPDX-License-Identifier: Apache-2.0
//
// Where an image starts from: the `base` section of its recipe.
#include "builder/recipe/image_sections.h"

namespace kata::recipe {
namespace {

std::string key_of(const Document& document, const YAML::Node& node) {
  const std::string text = non_empty_text(document, node, "gpg_keys");
  return text.find("://") != std::string::npos ? text : path_of(document, node, "gpg_keys");
}

RpmRepository read_repository(const Document& document, const YAML::Node& node) {
  RpmRepository repository;
  const auto keys = [&](const YAML::Node& list) {
    if (list.IsScalar()) {
      repository.gpg_keys.push_back(key_of(document, list));
    } else {
      read_list(document, list, "gpg_keys",
                [&](const YAML::Node& n) { repository.gpg_keys.push_back(key_of(document, n)); });
    }
  };
  read_map(
      document, node, "a repository",
      {{"id",
        [&](const YAML::Node& n) {
          repository.id = one_line(document, n, "id");
          if (repository.id.find_first_of("/[] \t") != std::string::npos)
            fail(document, n.Mark(), "id must be a word without / and brackets, not \"{}\"",
                 repository.id);
        },
        true},
       {"baseurl",
        [&](const YAML::Node& n) { repository.baseurl = one_line(document, n, "baseurl"); }},
       {"mirrorlist",
        [&](const YAML::Node& n) { repository.mirrorlist = one_line(document, n, "mirrorlist"); }},
       {"metalink",
        [&](const YAML::Node& n) { repository.metalink = one_line(document, n, "metalink"); }},
       {"gpg_keys", keys},
       {"gpg_check",
        [&](const YAML::Node& n) { repository.gpg_check = bool_of(document, n, "gpg_check"); }},
       {"repo_gpg_check", [&](const YAML::Node& n) {
          repository.repo_gpg_check = bool_of(document, n, "repo_gpg_check");
        }}});
  const int sources = int{!repository.baseurl.empty()} + int{!repository.mirrorlist.empty()} +
                      int{!repository.metalink.empty()};
  if (sources != 1) {
    fail(document, node.Mark(),
         "repository {} needs exactly one of baseurl, mirrorlist and metalink", repository.id);
  }
  if ((repository.gpg_check || repository.repo_gpg_check) && repository.gpg_keys.empty()) {
    fail(document, node.Mark(),
         "repository {} needs gpg_keys: packages are checked unless gpg_check is false",
         repository.id);
  }
  return repository;
}

RpmBase read_rpm(const Document& document, const YAML::Node& node) {
  RpmBase base;
  const auto repositories = [&](const YAML::Node& list) {
    read_list(document, list, "repositories", [&](const YAML::Node& n) {
      base.repositories.push_back(read_repository(document, n));
    });
  };
  read_map(
      document, node, "base.rpm",
      {{"release", [&](const YAML::Node& n) { base.release = one_line(document, n, "release"); },
        true},
       {"repositories", repositories, true},
       {"packages",
        [&](const YAML::Node& n) { base.packages = text_list(document, n, "packages"); }, true},
       {"exclude", [&](const YAML::Node& n) { base.exclude = text_list(document, n, "exclude"); }},
       {"weak_dependencies", [&](const YAML::Node& n) {
          base.weak_dependencies = bool_of(document, n, "weak_dependencies");
        }}});
  if (base.repositories.empty()) fail(document, node.Mark(), "repositories must name at least one");
  if (base.packages.empty()) fail(document, node.Mark(), "packages must name at least one");
  return base;
}

DebianBase read_debian(const Document& document, const YAML::Node& node) {
  DebianBase base;
  read_map(
      document, node, "base.debian",
      {{"suite", [&](const YAML::Node& n) { base.suite = one_line(document, n, "suite"); }, true},
       {"mirrors", [&](const YAML::Node& n) { base.mirrors = text_list(document, n, "mirrors"); }},
       {"keyring", [&](const YAML::Node& n) { base.keyring = path_of(document, n, "keyring"); }},
       {"variant",
        [&](const YAML::Node& n) {
          base.variant = choice_of(document, n, "variant",
                                   {"extract", "custom", "essential", "apt", "minbase"});
        }},
       {"components",
        [&](const YAML::Node& n) { base.components = text_list(document, n, "components"); }},
       {"packages",
        [&](const YAML::Node& n) { base.packages = text_list(document, n, "packages"); }}});
  return base;
}

OciBase read_oci(const Document& document, const YAML::Node& node) {
  OciBase base;
  read_map(document, node, "base.oci",
           {{"path", [&](const YAML::Node& n) { base.path = path_of(document, n, "path"); }, true},
            {"reference",
             [&](const YAML::Node& n) { base.reference = one_line(document, n, "reference"); }},
            {"platform", [&](const YAML::Node& n) {
               base.platform = one_line(document, n, "platform");
               if (base.platform.find('/') == std::string::npos)
                 fail(document, n.Mark(),
                      "platform must be OS/ARCHITECTURE, like linux/amd64, not {}", base.platform);
             }}});
  return base;
}

}  // namespace

ImageBase read_image_base(const Document& document, const YAML::Node& node) {
  ImageBase base;
  constexpr const char* kChoices =
      "scratch, {directory: PATH}, {tar: PATH}, {rpm: ...}, {debian: ...} or {oci: ...}";
  if (node.IsScalar()) {
    if (node.Scalar() == "scratch") return base;
    fail(document, node.Mark(), "base must be {}, not \"{}\"", kChoices, node.Scalar());
  }
  int count = 0;
  const auto kind = [&](BaseKind value) {
    base.kind = value;
    ++count;
  };
  const auto path = [&](BaseKind value, std::string_view what) {
    return [&, value, what](const YAML::Node& n) {
      kind(value);
      base.path = path_of(document, n, what);
    };
  };
  read_map(document, node, "base",
           {{"directory", path(BaseKind::directory, "directory")},
            {"tar", path(BaseKind::tar, "tar")},
            {"rpm",
             [&](const YAML::Node& n) {
               kind(BaseKind::rpm);
               base.rpm = read_rpm(document, n);
             }},
            {"debian",
             [&](const YAML::Node& n) {
               kind(BaseKind::debian);
               base.debian = read_debian(document, n);
             }},
            {"oci", [&](const YAML::Node& n) {
               kind(BaseKind::oci);
               base.oci = read_oci(document, n);
             }}});
  if (count != 1) fail(document, node.Mark(), "base must be one of {}", kChoices);
  return base;
}

}  // namespace kata::recipe
