// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs/base/package_lock.h"

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "builder/pipeline/digest.h"
#include "runtime/base/error.h"
#include "runtime/base/io.h"
#include "runtime/base/json.h"
#include "runtime/base/path.h"

namespace kata::rootfs {
namespace {

using recipe::BaseKind;
using recipe::ImageBase;
using recipe::ImageRecipe;

constexpr int kForm = 1;

std::string text_of(const PackageLock& lock) {
  Json json{{"katabuild_lock", kForm}, {"base_sha256", lock.base_sha256}};
  if (!lock.image.empty()) json["image"] = lock.image;
  if (lock.image.empty()) json["packages"] = Json::array();
  for (const LockedPackage& package : lock.packages) {
    Json item{{"name", package.name}, {"version", package.version}, {"arch", package.arch}};
    if (!package.repository.empty()) item["repository"] = package.repository;
    item["file"] = package.file;
    item["sha256"] = package.sha256;
    item["size"] = package.size;
    item["url"] = package.url;
    json["packages"].push_back(std::move(item));
  }
  return json.dump(1) + "\n";
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

PackageLock parse(const std::string& text, const std::string& path) {
  const Json json = parse_json(text, path);
  try {
    if (json.at("katabuild_lock") != kForm)
      throw_error(Code::invalid_argument,
                  "{}: this lock file is of another katabuild: make it anew with --update-lock",
                  path);
    PackageLock lock;
    lock.base_sha256 = json.at("base_sha256").get<std::string>();
    lock.image = json.value("image", "");
    for (const Json& item : json.value("packages", Json::array())) {
      LockedPackage package{.name = item.at("name").get<std::string>(),
                            .version = item.at("version").get<std::string>(),
                            .arch = item.at("arch").get<std::string>(),
                            .repository = item.value("repository", ""),
                            .file = item.at("file").get<std::string>(),
                            .sha256 = item.at("sha256").get<std::string>(),
                            .size = item.at("size").get<std::uint64_t>(),
                            .url = item.at("url").get<std::string>()};
      // both become paths
      if (!is_sha256(package.sha256) || package.file.empty() || package.file.front() == '.' ||
          package.file.find('/') != std::string::npos) {
        throw_error(Code::invalid_argument, "{}: package {} has no usable file or sha256", path,
                    package.name);
      }
      lock.packages.push_back(std::move(package));
    }
    return lock;
  } catch (const Json::exception& error) {
    throw_error(Code::invalid_argument, "{}: this is no lock file of katabuild: {}", path,
                error.what());
  }
}

Json repositories_json(const recipe::RpmBase& rpm) {
  Json list = Json::array();
  for (const recipe::RpmRepository& repository : rpm.repositories)
    list.push_back({repository.id, repository.baseurl, repository.mirrorlist, repository.metalink,
                    repository.gpg_check, repository.repo_gpg_check});
  return list;
}

}  // namespace

std::string lock_file_of(const ImageRecipe& recipe, const LockChoice& choice) {
  if (!choice.file.empty()) return choice.file;
  const std::size_t dot = recipe.file.find_last_of("./");
  const bool has_suffix = dot != std::string::npos && recipe.file[dot] == '.' && dot > 0;
  return recipe.file.substr(0, has_suffix ? dot : std::string::npos) + ".lock";
}

std::string base_digest(const ImageBase& base) {
  Json json{{"kind", recipe::base_name_of(base.kind)}};
  if (base.kind == BaseKind::rpm) {
    json["rpm"] = {base.rpm.release, base.rpm.packages, base.rpm.exclude,
                   base.rpm.weak_dependencies, repositories_json(base.rpm)};
  } else if (base.kind == BaseKind::debian) {
    json["debian"] = {base.debian.suite, base.debian.mirrors, base.debian.variant,
                      base.debian.components, base.debian.packages};
  } else if (base.kind == BaseKind::oci) {
    json["oci"] = {base.oci.reference, base.oci.platform};
  }
  return pipeline::sha256_of_text(json.dump());
}

std::optional<PackageLock> read_lock(const ImageRecipe& recipe, const LockChoice& choice) {
  if (choice.use == LockUse::update) return std::nullopt;
  const bool is_demanded = choice.use == LockUse::require;
  const std::string path = lock_file_of(recipe, choice);
  const std::optional<std::string> text = read_file_if_exists(path);
  if (!text) {
    if (is_demanded)
      throw_error(Code::failed_precondition,
                  "--locked: there is no lock file {}: make it with --update-lock", path);
    return std::nullopt;
  }
  PackageLock lock = parse(*text, path);
  if (lock.base_sha256 == base_digest(recipe.base)) return lock;
  if (is_demanded) {
    throw_error(Code::failed_precondition,
                "--locked: {} is of another base than the one in {}: make it anew with "
                "--update-lock",
                path, recipe.file);
  }
  return std::nullopt;
}

bool write_lock(const ImageRecipe& recipe, const LockChoice& choice, const PackageLock& lock) {
  const std::string path = lock_file_of(recipe, choice);
  const std::string text = text_of(lock);
  try {
    if (read_file_if_exists(path) != text) write_file_atomic(path, text);
    return true;
  } catch (const Error& error) {
    const bool is_closed = error.err() == EACCES || error.err() == EROFS || error.err() == EPERM;
    if (!is_closed || !choice.file.empty() || choice.use == LockUse::update) throw;
    return false;
  }
}

void normalize(PackageLock& lock) {
  const auto key = [](const LockedPackage& p) { return std::tie(p.name, p.arch, p.version); };
  std::sort(lock.packages.begin(), lock.packages.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  lock.packages.erase(std::unique(lock.packages.begin(), lock.packages.end()), lock.packages.end());
}

std::string packages_text(const PackageLock& lock) {
  std::string text;
  for (const LockedPackage& package : lock.packages)
    text += fmt::format("{} {}\n", package.file, package.sha256);
  return text;
}

}  // namespace kata::rootfs
